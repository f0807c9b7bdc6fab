//! Pictures of the figures.

use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::prelude::*;
use tests::prelude::{Display, Path, io};

use super::{Figure, Results};

const SIZE: (u32, u32) = (760, 420);

const FONT: (&str, u32) = ("sans-serif", 14);

/// A picture of one figure.
struct Picture {
    file: &'static str,
    title: &'static str,
    figure: Figure,
    /// The scenarios, with their numbers of clients.
    scenarios: &'static [(u32, &'static str)],
}

const LINES: [Picture; 3] = [
    Picture {
        file: "keep-alive-cpu.svg",
        title: "Processor time per message, in microseconds, by open connections",
        figure: Figure::Cpu,
        scenarios: KEEP_ALIVE,
    },
    Picture {
        file: "keep-alive-p99.svg",
        title: "99th percentile of the answers' times, in microseconds, by open connections",
        figure: Figure::P99,
        scenarios: KEEP_ALIVE,
    },
    Picture {
        file: "connect.svg",
        title: "Connections per second, by clients that connect for each message",
        figure: Figure::Rate,
        scenarios: &[(1, "connect-1"), (8, "connect-8"), (64, "connect-64")],
    },
];

const KEEP_ALIVE: &[(u32, &str)] = &[
    (1, "keep-alive-1"),
    (50, "keep-alive-50"),
    (1_000, "keep-alive-1000"),
    (10_000, "keep-alive-10000"),
];

const COLUMNS: [Picture; 2] = [
    Picture {
        file: "udp.svg",
        title: "Datagrams per second, 64 clients",
        figure: Figure::Rate,
        scenarios: &[(64, "udp-64")],
    },
    Picture {
        file: "memory.svg",
        title: "Bytes per idle connection, of 1,000",
        figure: Figure::Memory,
        scenarios: &[(1_000, "idle-1000")],
    },
];

/// Draws all pictures into a folder.
pub(crate) fn draw(results: &Results, folder: &Path) -> io::Result<()> {
    for picture in &LINES {
        lines(results, picture, &folder.join(picture.file)).map_err(failed)?;
    }
    for picture in &COLUMNS {
        columns(results, picture, &folder.join(picture.file)).map_err(failed)?;
    }
    Ok(())
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn failed(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// A contestant has the same colour in every picture.
fn colour(contestant: &str) -> RGBColor {
    let number = crate::contestant::ALL.iter().position(|one| one.name == contestant);
    let hue = number.unwrap_or_default() as f64 / crate::contestant::ALL.len() as f64;
    let (red, green, blue) = HSLColor(hue, 0.75, 0.42).rgb();
    RGBColor(red, green, blue)
}

/// A line per contestant, with a logarithmic scale on both sides.
fn lines(results: &Results, picture: &Picture, path: &Path) -> Drawn {
    let mut series: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for (clients, scenario) in picture.scenarios {
        let Some(table) = results.table(scenario) else { continue };
        for (number, contestant) in crate::contestant::ALL.iter().enumerate() {
            let spread = table.row(contestant.name).and_then(|row| row.spread(picture.figure));
            if let Some(spread) = spread {
                series.entry(number).or_default().push((f64::from(*clients), spread.median));
            }
        }
    }
    let points = || series.values().flatten();
    let most_clients = points().map(|(clients, _)| *clients).fold(1.0, f64::max);
    let least = points().map(|(_, number)| *number).fold(f64::MAX, f64::min);
    let most = points().map(|(_, number)| *number).fold(0.0, f64::max);
    let area = paper(path, picture)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .margin_right(170)
        .build_cartesian_2d(
            (1.0..most_clients * 1.2).log_scale(),
            (least * 0.8..most * 1.2).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .label_style(FONT)
        .x_label_formatter(&|clients| Figure::Rate.text(*clients))
        .y_label_formatter(&|number| picture.figure.text(*number))
        .draw()?;
    for (number, points) in series {
        let name = crate::contestant::ALL[number].name;
        let colour = colour(name);
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::Coordinate(520, 0))
        .label_font(FONT)
        .draw()?;
    Ok(area.present()?)
}

/// A column per contestant, which lies.
fn columns(results: &Results, picture: &Picture, path: &Path) -> Drawn {
    let area = paper(path, picture)?;
    let table = picture.scenarios.first().and_then(|(_, scenario)| results.table(scenario));
    let rows = table.map(|table| &table.rows[..]).unwrap_or_default();
    let numbers: Vec<(&str, f64)> = rows
        .iter()
        .filter_map(|row| Some((&row.contestant[..], row.spread(picture.figure)?.median)))
        .collect();
    let most = numbers.iter().map(|(_, number)| *number).fold(0.0, f64::max);
    let (width, height) = area.dim_in_pixel();
    let step = height as i32 / numbers.len().max(1) as i32;
    let right = width as i32 - 110;
    for (index, (name, number)) in numbers.iter().enumerate() {
        let top = index as i32 * step;
        let end = 150 + ((right - 150) as f64 * number / most) as i32;
        let style = FONT.into_font().color(&BLACK);
        area.draw(&Rectangle::new([(150, top + 3), (end, top + step - 3)], colour(name).filled()))?;
        area.draw(&Text::new(name.to_string(), (12, top + step / 2 - 7), style.clone()))?;
        area.draw(&Text::new(picture.figure.text(*number), (end + 6, top + step / 2 - 7), style))?;
    }
    Ok(area.present()?)
}

/// White, with a title.
fn paper<'a>(
    path: &'a Path,
    picture: &Picture,
) -> Result<DrawingArea<SVGBackend<'a>, Shift>, Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area.titled(picture.title, ("sans-serif", 16))?)
}

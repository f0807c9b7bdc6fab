//! Pictures of the figures.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;
use tests::prelude::{Path, io};

use super::{Figure, Results};
use crate::bench::PICTURES;
use crate::contestant;
use crate::rounds::Contestant;

const WIDTH: u32 = 800;
const HEIGHT: u32 = 420;

const FONT: (&str, u32) = ("sans-serif", 14);
const TITLE: (&str, u32) = ("sans-serif", 16);

/// A picture of one figure.
pub(crate) struct Picture {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) figure: Figure,
    /// The scenarios, with their numbers of clients. A single one is drawn as bars.
    pub(crate) scenarios: &'static [(u32, &'static str)],
}

type Drawn = Result<(), Box<dyn Error>>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What a contestant has shown: the number of clients, and the median.
type Line = (&'static Contestant, Vec<(f64, f64)>);

/// Draws the pictures whose scenarios have been measured into a folder.
pub(crate) fn draw(results: &Results, folder: &Path) -> io::Result<()> {
    for picture in PICTURES {
        let lines = lines(results, picture);
        if !lines.is_empty() {
            paint(picture, &lines, &folder.join(picture.file))
                .map_err(|error| io::Error::other(error.to_string()))?;
        }
    }
    Ok(())
}

fn lines(results: &Results, picture: &Picture) -> Vec<Line> {
    let line = |contestant: &'static Contestant| {
        let points = picture.scenarios.iter().filter_map(|(clients, scenario)| {
            let row = results.table(scenario)?.row(contestant.name)?;
            Some((f64::from(*clients), row.spread(picture.figure)?.median))
        });
        (contestant, points.collect::<Vec<_>>())
    };
    contestant::ALL.into_iter().map(line).filter(|(_, points)| !points.is_empty()).collect()
}

fn paint(picture: &Picture, lines: &[Line], path: &Path) -> Drawn {
    let area = SVGBackend::new(path, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled(picture.title, TITLE)?;
    if picture.scenarios.len() > 1 {
        let (chart, legend) = area.split_horizontally(WIDTH - 150);
        paint_lines(lines, &chart)?;
        paint_legend(lines, &legend)?;
    } else {
        paint_bars(picture, lines, &area)?;
    }
    Ok(area.present()?)
}

/// Lines on logarithmic scales. Those of this workspace are thick.
fn paint_lines(lines: &[Line], area: &Area<'_>) -> Drawn {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let clients = points().map(|(clients, _)| *clients).fold(1.0, f64::max);
    let least = points().map(|(_, number)| *number).fold(f64::MAX, f64::min);
    let most = points().map(|(_, number)| *number).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(
        (1.0..clients * 1.1).log_scale(),
        (least * 0.8..most * 1.2).log_scale(),
    )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .label_style(FONT)
        .x_labels(5)
        .y_labels(10)
        .x_label_formatter(&|clients| Figure::Rate.text(*clients))
        .y_label_formatter(&|number| Figure::Rate.text(*number))
        .draw()?;
    for (contestant, points) in lines {
        let colour = colour(contestant);
        let width = if contestant.ours { 4 } else { 1 };
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(width)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    Ok(())
}

fn paint_legend(lines: &[Line], area: &Area<'_>) -> Drawn {
    for (index, (contestant, _)) in lines.iter().enumerate() {
        let top = 16 + 20 * index as i32;
        let middle = top + 7;
        let thick = if contestant.ours { 3 } else { 1 };
        let corners = [(0, middle - thick), (18, middle + thick)];
        area.draw(&Rectangle::new(corners, colour(contestant).filled()))?;
        area.draw(&Text::new(contestant.name, (26, top), FONT))?;
    }
    Ok(())
}

/// Bars from left to right, one below the other.
fn paint_bars(picture: &Picture, lines: &[Line], area: &Area<'_>) -> Drawn {
    const LEFT: i32 = 140;
    const RIGHT: i32 = WIDTH as i32 - 90;
    let number = |line: &Line| line.1[0].1;
    let most = lines.iter().map(number).fold(1.0, f64::max);
    let height = (area.dim_in_pixel().1 as i32 - 12) / lines.len() as i32;
    for (index, line) in lines.iter().enumerate() {
        let top = 6 + height * index as i32;
        let end = LEFT + (f64::from(RIGHT - LEFT) * number(line) / most) as i32;
        let corners = [(LEFT, top + 2), (end, top + height - 2)];
        let text = top + height / 2 - 7;
        area.draw(&Rectangle::new(corners, colour(line.0).filled()))?;
        area.draw(&Text::new(line.0.name, (12, text), FONT))?;
        area.draw(&Text::new(picture.figure.text(number(line)), (end + 6, text), FONT))?;
    }
    Ok(())
}

/// The same in every picture.
fn colour(contestant: &Contestant) -> RGBColor {
    let all = contestant::ALL;
    let number = all.iter().position(|one| one.name == contestant.name).unwrap_or_default();
    // Neighbours in the list are far apart on the circle of colours.
    let hue = (number as f64 * 0.382).fract();
    let (red, green, blue) = HSLColor(hue, 0.75, 0.42).rgb();
    RGBColor(red, green, blue)
}

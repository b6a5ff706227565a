//! A plot of what waited and of how many workers there were.

use std::fmt::Write as _;

use crate::log::Look;

/// The picture, and the field in it, in pixels: left, top, right, bottom.
const SIZE: (u64, u64) = (860, 400);
const FIELD: (u64, u64, u64, u64) = (70, 50, 800, 350);

/// Where something stands in the field.
struct Scale {
    time: u64,
    depth: u64,
    workers: u64,
}

impl Scale {
    fn x(&self, at_ms: u64) -> u64 {
        FIELD.0 + (FIELD.2 - FIELD.0) * at_ms.min(self.time) / self.time
    }

    fn y(&self, value: u64, most: u64) -> u64 {
        FIELD.3 - (FIELD.3 - FIELD.1) * value.min(most) / most
    }
}

/// As an SVG document.
pub fn burst(files: usize, looks: &[Look], kills_ms: &[u64]) -> String {
    let most = |of: fn(&Look) -> u64| looks.iter().map(of).max().unwrap_or(0).max(1);
    let scale = Scale {
        time: most(|look| look.at_ms).next_multiple_of(10_000),
        depth: most(|look| look.depth).next_multiple_of(1_000),
        workers: most(|look| look.workers.into()) + 1,
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n\
         <title>A burst of {files} files: what waits, and how many workers there are</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        SIZE.0, SIZE.1
    );
    // A `String` takes whatever is written to it.
    let _ = axes(&mut svg, &scale);
    let _ = lines(&mut svg, &scale, looks);
    for &at in kills_ms {
        let x = scale.x(at);
        let _ = writeln!(
            svg,
            "<path d=\"M{x} {} v8\" stroke=\"#c00\" stroke-width=\"2\"/>",
            FIELD.1 - 10
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, scale: &Scale) -> std::fmt::Result {
    let (left, top, right, bottom) = FIELD;
    writeln!(
        svg,
        "<path d=\"M{left} {top} V{bottom} H{right} V{top}\" fill=\"none\" stroke=\"#999\"/>"
    )?;
    let step = (scale.time / 10).next_multiple_of(10_000);
    for tick in (0..=scale.time).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let (x, seconds) = (scale.x(tick), tick / 1000);
        writeln!(
            svg,
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{seconds} s</text>",
            bottom + 18
        )?;
    }
    for part in 0..=4 {
        let depth = scale.depth * part / 4;
        let y = scale.y(depth, scale.depth);
        writeln!(
            svg,
            "<path d=\"M{left} {y} H{right}\" stroke=\"#eee\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#246\">{depth}</text>",
            left - 8,
            y + 4
        )?;
    }
    for workers in 0..=scale.workers {
        let y = scale.y(workers, scale.workers);
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" fill=\"#b50\">{workers}</text>",
            right + 8,
            y + 4
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{left}\" y=\"20\" fill=\"#246\">files that wait or are in hand</text>\
         <text x=\"{right}\" y=\"20\" text-anchor=\"end\" fill=\"#b50\">workers</text>\
         <text x=\"{}\" y=\"20\" text-anchor=\"middle\" fill=\"#c00\">a worker killed</text>",
        (left + right) / 2
    )
}

fn lines(svg: &mut String, scale: &Scale, looks: &[Look]) -> std::fmt::Result {
    let (mut depth, mut workers) = (String::new(), String::new());
    for (number, look) in looks.iter().enumerate() {
        let x = scale.x(look.at_ms);
        let command = if number == 0 { 'M' } else { 'L' };
        write!(depth, "{command}{x} {} ", scale.y(look.depth, scale.depth))?;
        let y = scale.y(look.workers.into(), scale.workers);
        match number {
            0 => write!(workers, "M{x} {y} ")?,
            _ => write!(workers, "H{x} V{y} ")?,
        }
    }
    writeln!(
        svg,
        "<path d=\"{depth}\" fill=\"none\" stroke=\"#246\" stroke-width=\"2\"/>\n\
         <path d=\"{workers}\" fill=\"none\" stroke=\"#b50\" stroke-width=\"2\"/>"
    )
}

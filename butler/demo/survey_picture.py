"""The longer tour's picture: a survey on the sky, and two fields of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.demo.footprints import CAMERA
from butler.demo.pictures import ACCENT, FILL, new_figure
from butler.demo.sky_axes import add_outlines, all_sky_axes, all_sky_positions, field_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from butler.butler import Butler

__all__ = ["draw_survey"]

_TUCANAE = 6.0236, -72.0813
_BANDS = {"g": "#2e8b57", "r": "#d1495b", "z": "#7b3294"}


def draw_survey(butler: Butler, file: Path) -> None:
    """Draw a planned survey, its sensors around 47 Tucanae, and the DECam visits with their patches.

    Parameters
    ----------
    butler : `~butler.Butler`
        Of a repository through which the longer tour has gone.
    file : `pathlib.Path`
        The PNG file to write.
    """
    figure = new_figure(14, 10.5, "A survey's footprints in the repository")
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.2])
    _draw_pointings(butler, all_sky_axes(figure, grid[0, :]))
    _draw_planned_sensors(butler, figure, grid[1, 0])
    _draw_visits_and_patches(butler, figure, grid[1, 1])
    figure.savefig(file, dpi=120)


def _draw_pointings(butler: Butler, axes: Any) -> None:
    programs = butler.registry.query(
        """SELECT science_program AS program, count(*) AS pointings,
            array_agg(ra) AS ra, array_agg(dec) AS dec
        FROM visit WHERE camera = :camera GROUP BY science_program ORDER BY pointings DESC""",
        {"camera": CAMERA},
    )
    for program, colour in zip(programs, ("#7aa6c2", "#e09f3e", ACCENT), strict=False):
        axes.scatter(
            *all_sky_positions(program.ra, program.dec),
            s=5,
            color=colour,
            linewidths=0,
            label=f"{program.program}, {program.pointings:,} pointings",
        )
    axes.set_title("First g-band pass of the plan (ICRS)", fontsize=10, pad=12)
    axes.legend(loc="upper right", fontsize=8, frameon=False, bbox_to_anchor=(1.22, 1), markerscale=2)


def _draw_planned_sensors(butler: Butler, figure: Figure, place: Any) -> None:
    size = 7.0
    sensors = butler.registry.query(
        """SELECT sky_vertices(region) AS outline FROM observed_sensor
        WHERE camera = :camera AND sky_within(region, :ra, :dec, :radius)""",
        {"camera": CAMERA, "ra": _TUCANAE[0], "dec": _TUCANAE[1], "radius": 0.75 * size},
    )
    axes = field_axes(figure, place, *_TUCANAE, size)
    axes.set_title(f"{len(sensors):,} planned sensors around 47 Tucanae", fontsize=10)
    add_outlines(
        axes, [s.outline for s in sensors], facecolor=FILL, edgecolor="0.4", linewidth=0.4, alpha=0.6
    )
    axes.plot(
        *axes.wcs.wcs_world2pix(*_TUCANAE, 0),
        marker="*",
        markersize=13,
        color=ACCENT,
        linestyle="none",
        label="Hubble's image",
    )
    axes.legend(loc="upper right", fontsize=8, framealpha=0.95)


def _draw_visits_and_patches(butler: Butler, figure: Figure, place: Any) -> None:
    size = 60 / 3600
    sensors = butler.registry.query(
        """SELECT abstract_filter AS band, s.ra, s.dec, sky_vertices(s.region) AS outline
        FROM observed_sensor AS s JOIN visit USING (camera, visit)
        WHERE camera = 'DECam' AND s.dec < 20 ORDER BY visit"""
    )
    ra, dec = (sum(values) / len(sensors) for values in zip(*((s.ra, s.dec) for s in sensors), strict=True))
    patches = butler.registry.query(
        """SELECT patch, ra, dec, sky_vertices(region) AS outline, (
            SELECT count(*) FROM visit_patch_join AS j
            WHERE (j.skymap, j.tract, j.patch) = (p.skymap, p.tract, p.patch)
        ) AS visits
        FROM patch AS p WHERE skymap = 'bricks' AND sky_within(region, :ra, :dec, :radius)""",
        {"ra": ra, "dec": dec, "radius": 0.4 * size},
    )
    axes = field_axes(figure, place, ra, dec, size)
    axes.set_title(f"{len(sensors)} DECam visits of one field, over patches of 22.5″", fontsize=10)
    add_outlines(axes, [p.outline for p in patches], facecolor="white", edgecolor="0.6", linewidth=0.8)
    add_outlines(
        axes, [p.outline for p in patches if p.visits], facecolor=FILL, edgecolor="0.45", linewidth=0.8
    )
    # The cut-outs lie on each other: wide lines under narrow ones keep all in sight.
    for width, (band, colour) in zip((5, 3, 1.2), _BANDS.items(), strict=True):
        outlines = [s.outline for s in sensors if s.band == band]
        add_outlines(
            axes,
            outlines,
            facecolor="none",
            edgecolor=colour,
            linewidth=width,
            label=f"{len(outlines)} visits in {band}",
        )
    for patch in patches:
        if patch.visits:
            x, y = axes.wcs.wcs_world2pix(patch.ra, patch.dec, 0)
            text = f"patch {patch.patch}: {patch.visits} visits"
            axes.text(x, y - 145, text, ha="center", va="bottom", fontsize=8, color="0.3")
    axes.legend(loc="upper right", fontsize=8, framealpha=0.95)

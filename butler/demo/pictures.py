"""The tour's two pictures, drawn from what the repository says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.demo.sky_axes import add_outlines, all_sky_axes, all_sky_positions, field_axes, name_coordinates
from butler.demo.stars import brightest_stars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from butler.butler import Butler

__all__ = ["ACCENT", "FILL", "SECTION", "draw_footprints", "draw_image", "new_figure"]

SECTION = (640, 0, 384, 256)
"""The part of the image that is shown enlarged: x, y, width, height."""

ACCENT = "#d1495b"
FILL = "#cfe3f1"


def new_figure(width: float, height: float, title: str) -> Figure:
    """Make a figure, without a window."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        from butler.errors import NotSupportedError

        raise NotSupportedError(
            "pictures need matplotlib, which isn't installed", hint="Install Butler with its extra 'demo'."
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13)
    return figure


def draw_footprints(butler: Butler, file: Path) -> None:
    """Draw where the visits are on the sky, and one field with its sky map.

    Parameters
    ----------
    butler : `~butler.Butler`
        Of a repository through which the tour has gone.
    file : `pathlib.Path`
        The PNG file to write.
    """
    figure = new_figure(13, 6.2, "Footprints in the repository")
    grid = figure.add_gridspec(1, 2, width_ratios=[1.25, 1])
    _draw_visits(butler, all_sky_axes(figure, grid[0]))
    _draw_field(butler, figure, grid[1])
    figure.savefig(file, dpi=120)


def _draw_visits(butler: Butler, axes: Any) -> None:
    axes.set_title("All visits, equatorial (ICRS)", fontsize=10, pad=14)
    visits = butler.registry.query(
        """SELECT camera, target_name, ra, dec, EXISTS (
            SELECT FROM observed_sensor AS s
            WHERE (s.camera, s.visit) = (v.camera, v.visit) AND s.region IS NOT NULL
        ) AS outlined
        FROM visit AS v ORDER BY camera"""
    )
    for visit in visits:
        x, y = all_sky_positions(visit.ra, visit.dec)
        axes.plot(x, y, marker="o", markersize=8, color=ACCENT, linestyle="none", clip_on=False)
        note = "" if visit.outlined else "\n(centre only: no WCS in its header)"
        inward = 1 if x < 0 else -1
        axes.annotate(
            f"{visit.camera}: {visit.target_name}{note}",
            (x, y),
            xytext=(9 * inward, 16 if visit.dec < -45 else -16),
            textcoords="offset points",
            ha="left" if inward > 0 else "right",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    axes.legend(loc="lower left", fontsize=8, frameon=False, bbox_to_anchor=(0, -0.15))


def _draw_field(butler: Butler, figure: Figure, place: Any) -> None:
    from matplotlib.patheffects import withStroke

    (tract,) = butler.registry.query("SELECT skymap, tract, ra, dec FROM tract WHERE skymap = '47tuc'")
    patches = butler.registry.query(
        """SELECT patch, ra, dec, sky_vertices(region) AS outline, EXISTS (
            SELECT FROM visit_patch_join AS j
            WHERE j.camera = 'ACS' AND (j.skymap, j.tract, j.patch) = (p.skymap, p.tract, p.patch)
        ) AS touched
        FROM patch AS p WHERE skymap = '47tuc' ORDER BY patch"""
    )
    (sensor,) = butler.registry.query(
        """SELECT sensor_name, sky_vertices(s.region) AS outline
        FROM observed_sensor AS s WHERE camera = 'ACS' AND region IS NOT NULL"""
    )
    axes = field_axes(figure, place, tract.ra, tract.dec, 66 / 3600)
    axes.set_title(
        f"Patches of sky map {tract.skymap}, 10″ each, under ACS/{sensor.sensor_name}", fontsize=10
    )
    touched = [patch.outline for patch in patches if patch.touched]
    add_outlines(axes, [p.outline for p in patches], facecolor="white", edgecolor="0.6", linewidth=0.8)
    add_outlines(
        axes,
        touched,
        facecolor=FILL,
        edgecolor="0.45",
        linewidth=0.8,
        label=f"{len(touched)} patches overlap",
    )
    add_outlines(
        axes, [sensor.outline], facecolor="none", edgecolor=ACCENT, linewidth=2, label="outline from the WCS"
    )
    for patch in patches:
        x, y = axes.wcs.wcs_world2pix(patch.ra, patch.dec, 0)
        axes.text(
            x,
            y,
            str(patch.patch),
            ha="center",
            va="center",
            fontsize=8,
            color="0.2",
            path_effects=[withStroke(linewidth=2.5, foreground=FILL if patch.touched else "white")],
        )
    axes.legend(loc="upper right", fontsize=8, framealpha=0.95)


def draw_image(butler: Butler, file: Path) -> None:
    """Draw an image as it is read back, a section of it, and its brightest stars.

    Parameters
    ----------
    butler : `~butler.Butler`
        Of a repository through which the tour has gone.
    file : `pathlib.Path`
        The PNG file to write.
    """
    from matplotlib.patches import Rectangle

    data_id = {"camera": "ACS", "visit": "j8bt06nyq", "sensor": "HRC"}
    image = butler.get("calexp", data_id)
    section = butler.get("calexp", data_id, parameters={"bbox": SECTION})
    (visit,) = butler.registry.query(
        """SELECT target_name, physical_filter, exposure_time, obs_begin_utc::date AS date
        FROM visit WHERE camera = 'ACS'"""
    )
    figure = new_figure(
        14,
        6.8,
        f"{visit.target_name} (47 Tucanae) with HST ACS/HRC, {visit.physical_filter}, "
        f"{visit.exposure_time:g} s, {visit.date}",
    )
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.25])
    whole_axes = figure.add_subplot(grid[0], projection=image.wcs)
    section_axes = figure.add_subplot(grid[1], projection=section.wcs)
    stretch = _stretch(image.data)
    for axes, shown in ((whole_axes, image), (section_axes, section)):
        drawn = axes.imshow(shown.data, cmap="gray", norm=stretch, origin="lower", interpolation="nearest")
        name_coordinates(axes)
    x, y, width, height = SECTION
    whole_axes.add_patch(
        Rectangle((x - 0.5, y - 0.5), width, height, facecolor="none", edgecolor=ACCENT, linewidth=1.5)
    )
    whole_axes.set_title('butler.get("calexp", …)', fontsize=10, family="monospace")
    section_axes.set_title(f'parameters={{"bbox": {SECTION}}}', fontsize=10, family="monospace")
    stars = brightest_stars(section, count=25)
    section_axes.plot(
        stars["x"],
        stars["y"],
        marker="o",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=ACCENT,
        linestyle="none",
        label=f"{len(stars)} brightest stars",
    )
    section_axes.legend(loc="upper right", fontsize=8, framealpha=0.9)
    figure.colorbar(
        drawn,
        ax=[whole_axes, section_axes],
        orientation="horizontal",
        shrink=0.6,
        aspect=50,
        ticks=[0, 100, 1000, 10000, 100000],
        format="%d",
        label=f"background-subtracted signal ({image.unit}), asinh scale",
    )
    figure.savefig(file, dpi=120)


def _stretch(pixels: Any) -> Any:
    """Make faint stars visible beside the saturated ones."""
    import numpy as np
    from matplotlib.colors import AsinhNorm

    low, high = np.percentile(pixels, [1, 99.8])
    return AsinhNorm(linear_width=150, vmin=low, vmax=high)

"""Turn a colour verdict into FFmpeg's filters: `told` before the picture is scaled, `recoloured` after it.

Scaling comes first, so that the costly half works on the output's size (4K to 1080p in PQ: 54 ms of CPU a frame with the
decoding, 155 the other way round, measured). Everything is named, nothing left to what a version of FFmpeg assumes.
Counterpart: colour.py decides.
"""

from ruach_studio.render.colour import LINEAR_UP_TO, PEAK_NITS, REFERENCE_WHITE_NITS, Conversion709

_TARGET = "p=bt709:t=bt709:m=bt709:r=tv"


def told(verdict: Conversion709) -> str:
    """Return the filter (with its comma) that writes on each picture what its colours are; empty where nothing is done."""
    if verdict.conversion == "none":
        return ""
    return f"setparams=color_primaries={verdict.primaries}:color_trc={verdict.transfer}:colorspace={verdict.matrix},"


def recoloured(verdict: Conversion709) -> str:
    """Return the filters (each with its comma) that make BT.709 in limited range of a picture that was told and scaled."""
    if verdict.conversion == "matrix":
        return "scale=out_color_matrix=bt709:out_range=tv,"
    if verdict.conversion == "primaries":
        planar = "format=gbrp," if verdict.matrix == "gbr" else ""
        return f"{planar}zscale={_TARGET},"
    if verdict.conversion == "tone-map":
        curve = f"tonemap=mobius:param={LINEAR_UP_TO}:peak={PEAK_NITS / REFERENCE_WHITE_NITS:.6f}:desat=0"
        # HLG's system gamma belongs to the luminance; zscale's quick way bends each channel by itself, and the hue with it.
        exact = ":agamma=0" if verdict.transfer == "arib-std-b67" else ""
        linear = f"zscale=t=linear:npl={REFERENCE_WHITE_NITS:g}{exact},format=gbrpf32le,zscale=p=bt709"
        # What the source says of its mastering display, light levels or Dolby Vision is no longer true.
        return f"{linear},{curve},zscale=t=bt709:m=bt709:r=tv,format=yuv420p,limiter=16:235:1,sidedata=mode=delete,"
    return ""

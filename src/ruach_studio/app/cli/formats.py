"""Turn `ruach preset …` into use cases: list the output formats, add one from a file, read one for the foreground."""

import asyncio
import json as json_
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.render.presets import BadPreset, preset_to_wire
from ruach_studio.render.usecases.read_presets import ShownPreset, list_presets, list_versions
from ruach_studio.render.usecases.save_preset import save_preset

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
PresetFile = Annotated[Path, typer.Argument(help="TOML or JSON: name, width, height, fit, … (docs/reference/formats.md).")]


@app.command("list")
def list_them(json: Json = False) -> None:
    """List the output formats: the four standard ones, then those that operators added."""
    found = run_local(lambda services, _: list_presets(services))
    _print(found, json=json)


@app.command("show")
def show_one(name: Annotated[str, typer.Argument(help="The format.")], json: Json = False) -> None:
    """Show a format's versions, newest first."""
    _print(run_local(lambda services, _: list_versions(services, name)), json=json)


@app.command("add")
def add(
    file: PresetFile,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Add a format, or the next version of one; renders that were asked for keep what they were asked with."""
    wire = read_preset_file(file)

    async def work(services: Services, actor: str) -> ShownPreset:
        row = await save_preset(services, wire, actor=actor, reason=reason)
        return ShownPreset(row.preset, row.sha256, row)

    _print([run_local(work)], json=json)


def read_preset_file(file: Path) -> Mapping[str, Any]:
    """Return the settings that a TOML or JSON file says. Raises BadPreset where it is neither."""
    try:
        text = file.read_text(encoding="utf-8")
        wire = json_.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadPreset(f"it cannot be read ({error})", subject=str(file), remedy="Give a TOML or JSON file.") from error
    if not isinstance(wire, dict):
        raise BadPreset("it is no group of settings", subject=str(file), remedy="Give one preset's settings.")
    return wire


def run_local(work: Callable[[Services, str], Awaitable[T]]) -> T:
    """Open the services, name the person at this machine and do `work`."""
    settings = local_settings()
    configure(settings)

    async def do() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                async with services.database.transaction() as tx:
                    actor = (await ensure_local_operator(tx)).actor
                return await work(services, actor)

    return asyncio.run(do())


def _print(found: list[ShownPreset], *, json: bool) -> None:
    if json:
        show.print_json([
            {"name": each.preset.name, "standard": each.saved is None, "sha256": each.sha256,
             "version": each.saved.version if each.saved else None, "preset": preset_to_wire(each.preset)}
            for each in found
        ])  # fmt: skip
        return
    for each in found:
        preset = each.preset
        length = "" if preset.max_length_s is None else f", at most {float(preset.max_length_s):g} s"
        loud = "" if preset.audio is None else f", {preset.audio.target_lufs:g} LUFS"
        which = "standard" if each.saved is None else f"version {each.saved.version}"
        fit = f"{preset.fit} around the subject" if preset.follows_subject else preset.fit
        show.line(f"{preset.name} ({which}): {preset.width}x{preset.height} {preset.extension}, {fit}{length}{loud}")

"""Turn a member's counted time, kept by place, into that of one step of one path, whatever it was called before."""

from datetime import date

from ruach_studio.formation.dwell import DwellState
from ruach_studio.formation.state_carry import all_names_of
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH


def place_of(path_id: str, node_id: str) -> str:
    """Return what a node's time is counted under: its id, with the path unless it is the first (ids are a path's own)."""
    return node_id if path_id == DEFAULT_PATH else f"{node_id} (path {path_id})"


def day_s(counted: DwellState, state: FormationState, path_id: str, node_id: str, day: date) -> int:
    """Return the whole seconds of `dwelled_s` that were counted on the member's local day `day`."""
    return counted.day_s(day.isoformat(), *(place_of(path_id, each) for each in sorted(all_names_of(state, node_id))))


def dwelled_s(counted: DwellState, state: FormationState, path_id: str, node_id: str) -> int:
    """Return the whole seconds that count for a node: also those under the names that it had before a migration."""
    return counted.dwell_s(*(place_of(path_id, each) for each in sorted(all_names_of(state, node_id))))

"""What proves each rule of the integration quality scale: named tests and chapters.

A test is told as `path::function`, a chapter of the documents as `path#anchor`. Rules
that clouds can break differently name a test of every brand. That all of them exist is
tested in `test_quality_scale.py`.
"""

from typing import Final

_WHOLE: Final = "tests/integration/"


def _in(where: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{where}::{name}" for name in names)


def _each(name: str, *suffixes: str) -> tuple[str, ...]:
    """Return the same test of several brands' files."""
    return tuple(f"{_WHOLE}test_{suffix}.py::{name}" for suffix in suffixes)


_SCALE: Final = "tests/test_quality_scale.py"
_META: Final = "tests/test_metadata.py"
_TEXTS: Final = "tests/test_translations.py"
_HOUSE: Final = "tests/test_layering.py"
_DOCS: Final = "tests/test_documents.py"
_QUALITY: Final = f"{_WHOLE}test_quality.py"
_CASES: Final = "tests/test_use_cases.py"

USE_CASES: Final = {
    "see solar, grid, house and battery": (
        *_in("tests/browser/test_energy.py", "test_energy_dashboard"),
        "docs/energy-dashboard.md#energy-dashboard",
    ),
    "charge the battery in a cheap window, or sell": (
        *_each("test_cheapest_half_hours_of_amber", "blueprint_cheapest"),
        *_each("test_spike_of_amber_is_sold_and_ends", "blueprint_prices"),
        "README.md#your-first-schedule",
        "docs/automations.md#charge-to-80--in-a-cheap-window",
    ),
    "stop feed-in while the price is negative": (
        *_each("test_no_feed_in_while_it_costs", "blueprint_prices"),
        *_each("test_the_first_week_comes_by_itself", "amber_history"),
        "docs/blueprints.md#no-feed-in-at-a-negative-price",
    ),
    "charge an electric car from the surplus": (
        *_each("test_redback_site_for_an_hour", "chargehq_push"),
        "docs/brands/chargehq.md#chargehq",
    ),
    "let an optimiser such as EMHASS": (
        *_each("test_signs_and_powers_of_the_plan", "blueprint_follow"),
        *_each("test_plan_is_lent_and_given_back", "blueprint_follow_anker"),
        "docs/interoperability.md#interoperability",
    ),
    "be sure that the inverter returns to normal": (
        *_each("test_feed_that_stops_ends_in_auto", "blueprint_follow"),
        *_each("test_outage_over_the_end", "anker_schedules"),
        "README.md#how-your-inverter-stays-safe",
    ),
}
"""What the README says that it is for, each by how its item begins."""

BRONZE: Final = {
    "action-setup": (
        *_in(_SCALE, "test_actions_are_registered_at_the_start"),
        *_in(_QUALITY, "test_actions_outlive_the_account"),
    ),
    "appropriate-polling": (
        *_each("test_a_day_of_polling_stays_within_the_budget", "setup"),
        *_each("test_a_day_of_polling_stays_within_the_budget", "alphaess_setup"),
        *_each("test_a_day", "amber_day", "anker_day", "fusionsolar_day"),
        *_each("test_disabled_entities_save_their_call", "setup"),
        *_in(f"{_WHOLE}test_chargehq_push.py", "test_redback_site_for_an_hour"),
        "README.md#how-data-is-updated",
    ),
    "brands": _in(_META, "test_brand"),
    "common-modules": _in(_SCALE, "test_shared_classes_have_their_modules"),
    "config-flow-test-coverage": (
        *_in(_SCALE, "test_coverage_is_demanded"),
        *_each("test_error_then_success", "config_flow", "alphaess_flow"),
        *_each("test_error_then_success", "amber_flow", "anker_flow"),
        *_each("test_error_then_success", "fusionsolar_flow"),
        *_each("test_errors_of_the_key", "chargehq_flow"),
    ),
    "config-flow": (
        *_in(_META, "test_manifest"),
        *_in(_TEXTS, "test_texts_and_their_users"),
        *_each("test_account_is_added", "config_flow", "alphaess_flow", "amber_flow"),
        *_each("test_adding", "anker_flow"),
        *_each("test_plants_are_chosen_by_name", "fusionsolar_flow"),
        *_each("test_a_site_of_an_account", "chargehq_flow"),
    ),
    "dependency-transparency": _in(_SCALE, "test_requirements_are_open"),
    "docs-actions": (
        *_in(_DOCS, "test_every_action_is_described"),
        "docs/actions.md#actions",
    ),
    "docs-high-level-description": (
        *_in(_DOCS, "test_first_screen"),
        "README.md#joulekeeper",
    ),
    "docs-installation-instructions": (
        *_in(_DOCS, "test_readme_stands_alone"),
        "README.md#installation",
    ),
    "docs-removal-instructions": (
        *_in(_DOCS, "test_readme_stands_alone"),
        "README.md#removing-the-integration",
    ),
    "entity-event-setup": _in(_SCALE, "test_subscriptions_end_with_their_entity"),
    "entity-unique-id": (
        *_in(_QUALITY, "test_ids_are_not_shared"),
        *_in(_META, "test_rows_are_found"),
        *_each("test_equal_last_digits_are_two_devices", "setup"),
    ),
    "has-entity-name": _in(_SCALE, "test_entities_have_names_of_their_own"),
    "runtime-data": (
        *_in(_SCALE, "test_entries_are_typed"),
        *_in(_HOUSE, "test_no_forbidden_name"),
    ),
    "test-before-configure": (
        *_each("test_cloud_down", "config_flow"),
        *_each("test_error_then_success", "config_flow", "alphaess_flow"),
        *_each("test_error_then_success", "amber_flow", "anker_flow"),
        *_each("test_error_then_success", "fusionsolar_flow"),
        *_each("test_errors_of_the_key", "chargehq_flow"),
    ),
    "test-before-setup": (
        *_each("test_set_up_that_cannot_work_says_so", "setup", "alphaess_setup"),
        *_each("test_start_during_an_outage", "amber_trouble"),
        *_each("test_a_set_up_that_fails_waits", "anker_logins"),
        *_each("test_restart_in_an_outage", "fusionsolar_trouble"),
    ),
    "unique-config-entry": (
        *_each("test_same_account_twice", "config_flow", "amber_flow", "anker_flow"),
        *_each("test_same_account_twice", "fusionsolar_flow"),
        *_each("test_system_of_another_account", "alphaess_flow"),
        *_each("test_a_key_is_used_once", "chargehq_flow"),
    ),
}

SILVER: Final = {
    "action-exceptions": (
        *_each("test_bad_input_is_refused_before_anything_is_sent", "control"),
        *_each("test_failed_write_says_what_to_do", "control"),
        *_each("test_button_whose_write_is_not_confirmed_says_so", "plan_entities"),
        *_each("test_accepted_but_ignored", "alphaess_settings"),
        *_each("test_failed_task", "fusionsolar_settings"),
        *_each("test_lying_cloud", "anker_settings"),
        *_each("test_trouble_of_the_cloud", "price_actions"),
    ),
    "config-entry-unloading": (
        *_each("test_unload_ends_all_calls", "setup", "alphaess_setup", "amber_setup"),
        *_each("test_writes_end_before_an_account_is_unloaded", "hard_cases"),
        *_each("test_reloads_do_not_push_too_fast", "chargehq_push"),
    ),
    "docs-configuration-parameters": (
        *_in(_DOCS, "test_options_are_described"),
        "README.md#configuration-options",
        "docs/brands/chargehq.md#options",
    ),
    "docs-installation-parameters": (
        *_in(_DOCS, "test_fields_of_an_account_are_described"),
        "README.md#your-first-account",
    ),
    "entity-unavailable": (
        *_each("test_outage_is_unavailable_and_never_asks_for_credentials", "setup"),
        *_each("test_null_is_unknown", "entities", "alphaess_entities"),
        *_each("test_outage_of_an_hour", "amber_trouble"),
        *_each("test_overview_fails", "anker_trouble"),
        *_each("test_storm", "fusionsolar_trouble"),
    ),
    "integration-owner": _in(_META, "test_manifest"),
    "log-when-unavailable": _in(_QUALITY, "test_loss_and_return_are_logged_once"),
    "parallel-updates": _in(_META, "test_platform_keeps_the_rules"),
    "reauthentication-flow": (
        *_each("test_reauth", "config_flow", "alphaess_flow", "amber_flow"),
        *_each("test_reauth", "anker_flow", "chargehq_flow"),
        *_each("test_reauth_keeps_the_choice", "fusionsolar_flow"),
    ),
    "test-coverage": _in(_SCALE, "test_coverage_is_demanded"),
}

GOLD: Final = {
    "devices": (
        *_each("test_devices", "entities", "alphaess_entities", "anker_devices"),
        *_each("test_devices", "fusionsolar_entities"),
        *_each("test_two_homes_have_names_of_their_own", "amber_setup"),
        *_each("test_entities_of_the_target", "chargehq_push"),
    ),
    "diagnostics": (
        *_each("test_account", "diagnostics"),
        *_each("test_diagnostics_hold_no_secrets", "alphaess_flow", "amber_flow"),
        *_each("test_diagnostics_hold_no_secrets", "fusionsolar_flow"),
        *_each("test_nobody_else_learns_anything", "anker_flow"),
        *_each("test_diagnostics", "chargehq_trouble"),
    ),
    "docs-data-update": (
        *_in(_DOCS, "test_every_brand_has_its_chapter"),
        "README.md#how-data-is-updated",
    ),
    "docs-examples": (
        *_in(_DOCS, "test_examples"),
        "docs/automations.md#examples-of-automations",
        "docs/blueprints.md#blueprints",
    ),
    "docs-known-limitations": (
        *_in(_DOCS, "test_readme_stands_alone"),
        "README.md#known-limitations",
    ),
    "docs-supported-devices": (
        *_in(_DOCS, "test_every_brand_has_its_chapter"),
        "README.md#supported-systems",
    ),
    "docs-supported-functions": (
        *_in(_DOCS, "test_every_entity_is_described"),
        *_in(_DOCS, "test_orders_in_words_are_understood"),
        "docs/entities.md#entities",
        "docs/schedules.md#schedules",
        "docs/calendar.md#the-calendar",
        "docs/energy-dashboard.md#energy-dashboard",
    ),
    "docs-troubleshooting": (
        *_in(_DOCS, "test_repairs_are_described"),
        "README.md#troubleshooting",
    ),
    "docs-use-cases": (
        *_in(_CASES, "test_each_use_case_is_proved"),
        "README.md#who-it-is-for",
        *(proof for proofs in USE_CASES.values() for proof in proofs),
    ),
    "dynamic-devices": (
        *_each("test_new_inverter_appears_and_lost_one_leaves", "setup"),
        *_each("test_new_system_appears_and_lost_one_leaves", "alphaess_setup"),
        *_each("test_channel_that_comes_later", "amber_setup"),
        *_each("test_device_of_a_system_comes_and_goes", "anker_devices"),
        *_each("test_inverter_is_added", "fusionsolar_flow"),
    ),
    "entity-category": _in(_SCALE, "test_categories"),
    "entity-device-class": (
        *_in(_META, "test_units_have_a_device_class"),
        *_each("test_all_entities", "entities", "alphaess_entities", "anker_entities"),
        *_each("test_all_entities", "fusionsolar_entities", "amber_setup"),
    ),
    "entity-disabled-by-default": (
        *_each("test_entities_off_by_default", "entities", "alphaess_entities"),
        *_each("test_entities_off_by_default", "anker_entities", "amber_setup"),
        *_each("test_entities_off_by_default", "fusionsolar_entities"),
    ),
    "entity-translations": (
        *_in(_TEXTS, "test_texts_and_their_users", "test_names_are_in_sentence_case"),
        *_in(_HOUSE, "test_no_forbidden_name"),
    ),
    "exception-translations": _in(
        _TEXTS, "test_every_exception_is_translated", "test_placeholders_of_texts"
    ),
    "icon-translations": _in(
        _META, "test_icons_of_entities", "test_icons_of_services", "test_icons_exist"
    ),
    "reconfiguration-flow": (
        *_each("test_reconfigure_secret", "config_flow"),
        *_each("test_reconfigure", "alphaess_flow", "amber_flow", "chargehq_flow"),
        *_each("test_moving_by_reconfigure", "anker_flow"),
        *_each("test_choose_again", "fusionsolar_flow"),
    ),
    "repair-issues": (
        *_in(_SCALE, "test_repairs_say_what_to_do"),
        *_each("test_fix_switches_the_portal_off", "repairs"),
        *_each("test_forced_mode_without_a_schedule_is_told_and_mended", "keeper"),
        *_each("test_removal_that_cannot_give_back", "alphaess_schedules"),
        *_each("test_too_many_logins", "anker_logins"),
        *_each("test_owner_takes_his_grant_back", "fusionsolar_trouble"),
        *_each("test_all_homes_gone", "amber_setup"),
        *_each("test_removed_source", "chargehq_trouble"),
    ),
    "stale-devices": (
        *_each("test_device_removal", "entities"),
        *_each("test_inverter_left_out_once_stays", "setup"),
        *_each("test_new_system_appears_and_lost_one_leaves", "alphaess_setup"),
        *_each("test_house_moved", "amber_setup"),
        *_each("test_system_comes_and_goes", "anker_devices"),
        *_each("test_plant_is_sold", "fusionsolar_flow"),
        *_each("test_removal_of_the_device_is_refused", "chargehq_trouble"),
    ),
}

PLATINUM: Final = {
    "async-dependency": (
        *_in(_SCALE, "test_nothing_blocks"),
        *_in(_HOUSE, "test_no_forbidden_import", "test_no_forbidden_name"),
    ),
    "inject-websession": _in(_SCALE, "test_sessions_come_from_home_assistant"),
    "strict-typing": _in(_SCALE, "test_types_are_strict", "test_entries_are_typed"),
}

EVIDENCE: Final = BRONZE | SILVER | GOLD | PLATINUM

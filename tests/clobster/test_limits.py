"""How often people may ask: development hinders nobody, elsewhere nobody floods."""

from clobster.config import Settings, load
from clobster.limits import of_the_exchange, rates
from tests.clobster.test_config import PRODUCTION
from webapp_api.limits import Rate, RequestClass


def test_a_setting_wins_over_the_default_and_an_empty_one_does_not() -> None:
    said = rates(load({"CLOBSTER_LIMIT_READ": "0.5/30", "CLOBSTER_LIMIT_ORDER": ""}))
    assert said[RequestClass.READ] == Rate(0.5, 30)
    assert said[RequestClass.ORDER] == rates(load({}))[RequestClass.ORDER]


def test_an_address_signs_in_once_a_second_in_production_and_sixty_times_at_once() -> None:
    settings = load(PRODUCTION)
    assert rates(settings)[RequestClass.LOG_IN].times(settings.limit_address_factor) == Rate(1, 60)


def test_every_class_is_stricter_outside_development() -> None:
    free, strict = rates(load({})), rates(load(PRODUCTION))
    assert set(free) == set(strict) == set(RequestClass)
    for each in RequestClass:
        assert strict[each].per_s < free[each].per_s / 10
        assert strict[each].burst < free[each].burst / 10


def test_development_leaves_room_for_the_load_tests() -> None:
    settings = load({})
    account = rates(settings)[RequestClass.ORDER]
    assert account.per_s >= 2 * 80_000 / 50 * 10 / 16  # points a second: batches of 50 on 16 accounts over /api/ws
    assert account.times(settings.limit_address_factor).per_s >= 20_000  # over HTTP, from one address


def test_administrators_are_told_what_the_exchange_is_held_to() -> None:
    settings = Settings(withdrawal_day_limits="BTC=1,USDT=50000", withdrawal_day_value=90_000, maker_levels=7)
    withdrawals, quoting, hedging, addresses = of_the_exchange(settings)
    assert "a day at most BTC=1, USDT=50000" in withdrawals
    assert "approved by two above none" in withdrawals
    assert "worth 90000 a day at most" in withdrawals
    assert quoting.startswith("quoting: 7 levels, worth 100000 each")
    assert hedging.startswith("hedging: off")
    assert addresses.startswith("an address: 5 accounts' worth")

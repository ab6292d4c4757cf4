"""Whatever goes wrong becomes a status and `{"error": {"code", "message", "details"}}`: one table, one middleware."""

import uuid
from collections.abc import Mapping
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from engine.core.decimals import show_details
from engine.core.market import Asset
from engine.core.refusals import Refused
from webapp_api import wire
from webapp_api.reply import json_reply
from webapp_api.request_log import REQUEST_ID

log = structlog.get_logger()

RETRY_AFTER_S: Final = "1"

STATUS: Final[Mapping[str, int]] = {
    # What is asked makes no sense.
    "refused": 400,
    "malformed": 400,
    "invalid_request": 400,
    "invalid_parameter": 400,
    "malformed_number": 400,
    "off_tick": 400,
    "off_lot": 400,
    "too_precise": 400,
    "too_large": 400,
    "invalid_quantity": 400,
    "invalid_price": 400,
    "invalid_order": 400,
    "invalid_amount": 400,
    "invalid_quote": 400,
    "not_listable": 400,
    "invalid_address": 400,
    "not_supported": 400,
    "idempotency_key_needed": 400,
    "below_minimum": 400,
    "wrong_network": 400,
    "own_address": 400,
    "not_a_wallet": 400,
    "wrong_mint": 400,
    "wrong_token_program": 400,
    "invalid_api_key": 400,
    # Who asks may not.
    "unauthorized": 401,
    "invalid_credentials": 401,
    "expired": 401,
    "forbidden": 403,
    "forbidden_origin": 403,
    "missing_scope": 403,
    "address_not_allowed": 403,
    "needs_a_session": 403,
    "address_not_known": 403,
    "key_needs_addresses": 403,
    "own_withdrawal": 403,
    # It is not there, or not theirs.
    "unknown_symbol": 404,
    "unknown_asset": 404,
    "unknown_order": 404,
    "unknown_withdrawal": 404,
    "no_snapshot": 404,
    "unknown_snapshot": 404,
    "unknown_session": 404,
    "unknown_account": 404,
    "unknown_api_key": 404,
    "unknown_channel": 404,
    "unknown_wallet_link": 404,
    "not_linked": 404,
    # It makes sense, but not as things stand.
    "insufficient_funds": 409,
    "market_cancel_only": 409,
    "market_halted": 409,
    "would_take": 409,
    "too_many_fills": 409,
    "client_order_id_reused": 409,
    "order_not_open": 409,
    "already_credited": 409,
    "wallet_taken": 409,
    "telegram_taken": 409,
    "already_linked": 409,
    "last_door": 409,
    "administrator": 403,
    "wallet_link_not_signed": 409,
    "deposits_off": 409,
    "withdrawals_off": 409,
    "idempotency_key_reused": 409,
    "too_many_token_accounts": 409,
    "target_frozen": 409,
    "no_confirmation": 409,
    "withdrawal_not_waiting": 409,
    "withdrawal_not_cancelable": 409,
    "already_approved": 409,
    "settlement_off": 409,
    "too_many_api_keys": 409,
    # Too much of it.
    "too_many_open_orders": 429,
    "too_many_client_order_ids": 429,
    "too_many_wallets": 429,
    "too_many_in_flight": 429,
    "too_many_requests": 429,
    "too_many_subscriptions": 429,
    "too_many_sockets": 429,
    "too_many_deposit_addresses": 429,
    "too_many_withdrawals": 429,
    "day_limit": 429,
    "busy": 503,
    "deposits_unavailable": 503,
    "withdrawals_unavailable": 503,
    "solvency_unavailable": 503,
    # Our fault.
    "internal": 500,
}

_HTTP_CODES: Final[Mapping[int, str]] = {
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    417: "expectation_failed",
}
_SENTENCES: Final[Mapping[int, str]] = {
    404: "There is nothing at this address. /api/docs lists what there is.",
    405: "This address does not take this method; the header Allow names those that it does.",
    413: "The body is larger than anything that is asked here.",
}


def problem(refused: Refused, assets: Mapping[str, Asset]) -> wire.Error:
    """Return what a client is told of a refusal; amounts in its details become decimal strings."""
    details = show_details(refused, assets)
    return wire.Error(wire.Problem(refused.code, str(refused), details))


def refusal_reply(body: object, status: int, retry_after_s: str | int | None = None) -> web.Response:
    """Answer with a refusal, and say how to go on where there is a way."""
    response = json_reply(body, status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(retry_after_s or RETRY_AFTER_S)
    elif status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def error_middleware(assets: Mapping[str, Asset]) -> Middleware:
    """Return the middleware that answers for every handler that raised."""

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return refusal_reply(problem(refused, assets), STATUS[refused.code], refused.details.get("retry_after"))
        except web.HTTPException as error:
            code = _HTTP_CODES.get(error.status, "http_error")
            said = _SENTENCES.get(error.status, error.reason)
            response = json_reply(wire.Error(wire.Problem(code, said, {})), error.status)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except (web.RequestPayloadError, HttpProcessingError, UnicodeError):
            return json_reply(wire.Error(wire.Problem("malformed", "The request could not be read.", {})), 400)
        except ConnectionError:  # nobody is left to answer
            raise
        except Exception:
            request_id = request.get(REQUEST_ID) or uuid.uuid4().hex
            log.exception("unexpected error", request=request_id, method=request.method, path=request.path)
            sentence = "Something went wrong on our side. Name this request when you report it."
            return json_reply(wire.Error(wire.Problem("internal", sentence, {"request_id": request_id})), 500)

    return answer_errors

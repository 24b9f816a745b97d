// SPDX-License-Identifier: LGPL-3.0-or-later
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const held = "[name=credit_hold]:visible:contains('Over the credit limit')";
const gone = { content: "the dialog is closed", trigger: "body:not(:has(.modal))" };

tours.add("kundekartotek_credit_hold", {
    steps: () => [
        { content: "confirm what is over the limit", trigger: "button[name=action_confirm]:visible", run: "click" },
        { content: "it is on hold, and says why", trigger: held },
        { content: "without amounts", trigger: `${held}:not(:contains(000))` },
        { content: "it is a quotation still", trigger: ".o_arrow_button_current:contains(Quotation)" },
    ],
});

tours.add("kundekartotek_credit_release", {
    steps: () => [
        {
            content: "the order waits, with its reason and the exposure",
            trigger: ".o_data_row:contains(Fjellbekk):contains('Over the credit limit'):has([name=credit_overview]) .o_list_record_selector input",
            run: "click",
        },
        { trigger: ".o_control_panel button[name=action_credit_release]", run: "click" },
        { trigger: ".modal .o_field_widget[name=reason] input", run: "edit Agreed by phone" },
        { trigger: ".modal-footer button[name=action_decide]:visible", run: "click" },
        gone,
        { content: "nothing waits any more", trigger: ".o_view_nocontent:contains('No order waits for you')" },
    ],
});

tours.add("kundekartotek_credit_request", {
    steps: () => [
        { trigger: `${held} button[name=action_credit_request]`, run: "click" },
        { trigger: ".modal .o_field_widget[name=amount] input", run: "edit 30000" },
        { trigger: ".modal .o_field_widget[name=reason] textarea", run: "edit Large delivery in December" },
        { trigger: ".modal-footer button:contains(Send Request)", run: "click" },
        gone,
    ],
});

tours.add("kundekartotek_credit_approve", {
    steps: () => [
        { content: "the request waits", trigger: ".o_data_row:contains(Fjellbekk) [name=amount]", run: "click" },
        { content: "with the figures of the day", trigger: ".o_field_widget[name=snapshot_limit]:contains(10)" },
        { trigger: ".o_statusbar_buttons button:contains(Approve):visible", run: "click" },
        { trigger: ".modal .o_field_widget[name=note] input", run: "edit Good customer" },
        { trigger: ".modal-footer button:contains(Approve):visible", run: "click" },
        gone,
        { trigger: ".o_arrow_button_current:contains(Approved)" },
        { content: "what is decided has no buttons", trigger: "body:not(:has(.o_statusbar_buttons button:visible))" },
    ],
});

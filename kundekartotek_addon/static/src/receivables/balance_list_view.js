import { onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useBus, useService } from "@web/core/utils/hooks";
import { listView } from "@web/views/list/list_view";
import { AllSumsListRenderer } from "./all_sums";

const SUMMED = ["opening", "debit", "credit", "closing", "entry_count"];

class BalanceListRenderer extends AllSumsListRenderer {
    setup() {
        super.setup();
        this.sums = useState({ rows: [] });
        const orm = useService("orm");
        const keepLast = new KeepLast();
        const load = async () => {
            this.sums.rows = [];
            const { domain, context } = this.env.searchModel;
            const aggregates = SUMMED.map((name) => `${name}:sum`);
            const groups = await keepLast.add(
                orm.silent.formattedReadGroup(this.props.list.resModel, domain, ["company_currency_id"], aggregates, {
                    context,
                })
            );
            this.sums.rows = groups.map((group) => ({
                currency_id: group.company_currency_id[0],
                sums: Object.fromEntries(SUMMED.map((name) => [name, group[`${name}:sum`]])),
            }));
        };
        useBus(this.env.searchModel, "update", load);
        onWillStart(() => {
            load(); // beside the lines, not before them
        });
    }
}

registry.category("views").add("balance_list", { ...listView, Renderer: BalanceListRenderer });

import { useEffect, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { listView } from "@web/views/list/list_view";
import { AllSumsListRenderer } from "./all_sums";

/** The columns with a `sum` are summed by the server, by company currency, where there is more than a page. */
class SummedListRenderer extends AllSumsListRenderer {
    setup() {
        super.setup();
        this.sums = useState({ rows: [] });
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        useEffect(
            (isPart) => {
                if (isPart) {
                    this.loadSums();
                }
            },
            () => [this.isPart, JSON.stringify([this.props.list.domain, this.props.list.context])]
        );
    }

    async loadSums() {
        this.sums.rows = [];
        const { resModel, domain, context } = this.props.list;
        const names = this.props.archInfo.columns.filter(({ attrs }) => attrs?.sum).map(({ name }) => name);
        const aggregates = names.map((name) => `${name}:sum`);
        const groups = await this.keepLast.add(
            this.orm.silent.formattedReadGroup(resModel, domain, ["company_currency_id"], aggregates, { context })
        );
        this.sums.rows = groups.map((group) => ({
            currency_id: group.company_currency_id[0],
            sums: Object.fromEntries(names.map((name) => [name, group[`${name}:sum`]])),
        }));
    }
}

registry.category("views").add("summed_list", { ...listView, Renderer: SummedListRenderer });

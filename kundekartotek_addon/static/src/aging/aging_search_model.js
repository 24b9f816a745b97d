import { reactive } from "@odoo/owl";
import { SearchModel } from "@web/search/search_model";
import { makeContext } from "@web/core/context";

/**
 * Beside filters and groups the aging is searched for by a day and by the date that items age from. Both
 * stay when the user goes from list to pivot to graph, into the items behind an amount, and back.
 */
export class AgingSearchModel extends SearchModel {
    setup() {
        super.setup(...arguments);
        this.aging = {};
        this.sums = reactive({ rows: [] }); // of all that is searched for, by company; the bar fetches them
    }

    async load(config) {
        await super.load(config);
        if (!config.state) {
            const { aging_date, aging_basis } = this.globalContext;
            this.aging = { aging_date, aging_basis };
        }
    }

    /** @param {{aging_date?: string|false, aging_basis?: string}} values */
    setAging(values) {
        Object.assign(this.aging, values);
        this._notify();
    }

    /** Today moves on; a chosen day does not. Amounts per currency are shown in their own currency, too. */
    _getContext() {
        const aging_per_currency = this._getGroupBy().includes("currency_id");
        const chosen = Object.entries({ ...this.aging, aging_per_currency }).filter(([, value]) => value);
        return makeContext([super._getContext(), Object.fromEntries(chosen)]);
    }

    exportState() {
        return { ...super.exportState(), aging: { ...this.aging } };
    }

    _importState(state) {
        super._importState(state);
        this.aging = { ...state.aging };
    }
}

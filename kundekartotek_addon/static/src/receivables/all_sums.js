import { registry } from "@web/core/registry";
import { ListRenderer } from "@web/views/list/list_renderer";

const formatters = registry.category("formatters");

/**
 * A list of amounts whose last line holds the sums of all lines, also of those on other pages. They are in
 * `this.sums.rows`, once they are there: {currency_id, sums: {column: sum}} of each company or currency.
 */
export class AllSumsListRenderer extends ListRenderer {
    /** Whether there are lines on other pages. */
    get isPart() {
        const { list } = this.props;
        return !list.isGrouped && list.count > list.records.length;
    }

    /** A column without the currency's symbol has none in the lines of groups either. */
    formatGroupAggregate(group, column) {
        const aggregate = super.formatGroupAggregate(group, column);
        if (column.options?.no_symbol && aggregate.value && !aggregate.multiCurrency) {
            const format = formatters.get(column.widget || this.fields[column.name].type);
            aggregate.value = format(group.aggregates[column.name], { noSymbol: true, escape: true });
        }
        return aggregate;
    }

    computeAggregates() {
        const aggregates = super.computeAggregates();
        const { rows } = this.sums;
        const isPart = this.isPart && !this.props.list.selection.length;
        const addsUp = rows.length && rows.every((row) => row.currency_id === rows[0].currency_id);
        for (const { name, widget } of this.columns.filter((column) => column.name in aggregates)) {
            const aggregate = aggregates[name];
            if (isPart && !addsUp) {
                delete aggregates[name]; // not there yet, or in several currencies
                continue;
            }
            if (isPart) {
                aggregate.rawValue = rows.reduce((sum, row) => sum + (row.sums[name] || 0), 0);
            }
            if (!aggregate.multiCurrency) {
                const format = formatters.get(widget || this.fields[name].type);
                aggregate.value = format(aggregate.rawValue, { noSymbol: true, escape: true });
            }
        }
        return aggregates;
    }
}

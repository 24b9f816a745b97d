// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { Layout } from "@web/search/layout";
import { Insight } from "../insight/insight";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** Numbers that lead to the records they count. Each is asked for by itself, so that a slow one keeps nobody waiting. */
export class Overview extends Component {
    static template = "kundekartotek_addon.Overview";
    static components = { Insight, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.display = { controlPanel: {} };
        this.state = useState({ tiles: [] });
        onWillStart(async () => {
            this.state.tiles = await this.orm.call("kundekartotek.overview", "get_tiles");
            this.state.tiles.forEach((tile) => this.count(tile));
        });
    }

    async count(tile) {
        tile.count = await this.orm.silent.call("kundekartotek.overview", "count_tile", [tile.key]);
    }

    shown(tile) {
        return tile.count === undefined ? "…" : formatInteger(tile.count);
    }

    tone(tile) {
        return tile.tone && tile.count ? `text-${tile.tone}` : "";
    }

    open(tile) {
        this.action.doAction(tile.action);
    }
}

registry.category("actions").add("kundekartotek_overview", Overview);

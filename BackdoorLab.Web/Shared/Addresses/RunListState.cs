using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace BackdoorLab.Web.Shared.Addresses;

/// <summary>All that the run list shows, as its address holds it; exports and bulk actions read the same.</summary>
public sealed record RunListState
{
    /// <summary>Runs on a page.</summary>
    public const int PageSize = 25;

    /// <summary>Columns that can be hidden, in their order, with their headings.</summary>
    public static IReadOnlyList<(string Id, string Title)> Hideable { get; } =
    [
        ("State", "State"),
        ("Dataset", "Data set"),
        ("Attack", "Attack"),
        ("Seed", "Seed"),
        ("CleanAccuracy", "CA"),
        ("AttackSuccessRate", "ASR"),
        ("Elapsed", "Time"),
        ("Owner", "Owner"),
        ("Created", "Created"),
        ("Ended", "Ended"),
    ];

    private static readonly string[] UsualColumns =
    [
        .. Hideable.Select(column => column.Id).Except(["Owner", "Ended"]),
    ];

    /// <summary>Text of the search box; see <see cref="RunQueryText"/>.</summary>
    public string? Query { get; init; }

    /// <summary>State, as the drop-down has it.</summary>
    public string? State { get; init; }

    /// <summary>Data set, as the drop-down has it.</summary>
    public string? Dataset { get; init; }

    /// <summary>Network, as the drop-down has it.</summary>
    public string? Model { get; init; }

    /// <summary>Attack, as the drop-down has it.</summary>
    public string? Attack { get; init; }

    /// <summary>Whether archived runs are shown in place of the others.</summary>
    public bool Archived { get; init; }

    /// <summary>Sort keys; none: newest first.</summary>
    public IReadOnlyList<RunSortKey> Sort { get; init; } = [];

    /// <summary>What groups are made of, or null for single runs.</summary>
    public RunGrouping? Group { get; init; }

    /// <summary>Columns to show, or null for the usual ones.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>From 0.</summary>
    public int Page { get; init; }

    /// <summary>The search box, understood.</summary>
    public RunQueryText Text => RunQueryText.Parse(Query);

    /// <summary>What of the address is not understood and left out; what is shown is more than it says.</summary>
    public IReadOnlyList<string> Faults =>
        State is null || EnumName.Read<RunState>(State) is not null
            ? Text.Faults
            :
            [
                .. Text.Faults,
                $"there is no state '{Shortened.Of(State)}'. States are {string.Join(", ", Enum.GetNames<RunState>()).ToLowerInvariant()}.",
            ];

    /// <summary>Whether anything narrows the list.</summary>
    public bool HasFilter =>
        Archived || new[] { Query, State, Dataset, Model, Attack }.Any(value => !string.IsNullOrEmpty(value));

    /// <summary>Which runs.</summary>
    public RunFilter Filter =>
        Text switch
        {
            var text => new()
            {
                Text = text.Words,
                Conditions = text.Conditions,
                States = EnumName.Read<RunState>(State) is { } state
                    ? state == RunState.Running
                        ? [state, RunState.Cancelling]
                        : [state]
                    : [],
                Dataset = Dataset,
                Model = Model,
                Attack = Attack,
                Archived = Archived,
            },
        };

    /// <summary>Why these runs cannot be shared as a view; null when they can.</summary>
    public string? NotToShare =>
        Faults.Count > 0 ? "A condition of this view is not understood, so a link would open more than it says."
        : !Filter.Narrows
            ? "This view has no condition: a link would open every run of the lab, also later ones. Narrow it first."
        : null;

    /// <summary>What a share link holds of it: which runs and in which order.</summary>
    /// <exception cref="ArgumentException">See <see cref="NotToShare"/>.</exception>
    public SharedView ToShare() =>
        NotToShare is { } reason
            ? throw new ArgumentException(reason)
            : new(Filter, Sort, (this with { Page = 0 }).Address("").TrimStart('?'));

    /// <summary>Whether a column is shown.</summary>
    public bool Shows(string column) => (Columns ?? UsualColumns).Contains(column);

    /// <summary>The state with a column shown or hidden.</summary>
    public RunListState With(string column, bool shown)
    {
        var columns = Hideable.Select(known => known.Id).Where(id => id == column ? shown : Shows(id)).ToList();
        return this with { Columns = columns.SequenceEqual(UsualColumns) ? null : columns };
    }

    /// <summary>Whether the same runs match, however they are sorted, grouped and paged.</summary>
    public bool SameRuns(RunListState other) =>
        other with { Sort = Sort, Group = Group, Columns = Columns, Page = Page } == this;

    /// <summary>The state without any filter.</summary>
    public RunListState Cleared() =>
        this with
        {
            Query = null,
            State = null,
            Dataset = null,
            Model = null,
            Attack = null,
            Archived = false,
            Page = 0,
        };

    /// <summary>Runs of so many days, today's included.</summary>
    public static RunListState Latest(int days) =>
        new() { Query = string.Create(CultureInfo.InvariantCulture, $"created>={days - 1}d") };

    /// <summary>Reads a query string; what it does not understand is left out.</summary>
    public static RunListState Read(string query)
    {
        var values = QueryHelpers.ParseQuery(query);
        return new()
        {
            Query = Value("q"),
            State = Value("state"),
            Dataset = Value("dataset"),
            Model = Value("model"),
            Attack = Value("attack"),
            Archived = Value("archived") == "1",
            Sort =
            [
                .. (Value("sort") ?? "")
                    .Split(',', StringSplitOptions.RemoveEmptyEntries)
                    .Select(Key)
                    .OfType<RunSortKey>(),
            ],
            Group = EnumName.Read<RunGrouping>(Value("group")),
            Columns = Value("cols")?.Split(',', StringSplitOptions.RemoveEmptyEntries),
            Page = int.TryParse(Value("page"), CultureInfo.InvariantCulture, out var page) ? Math.Max(0, page - 1) : 0,
        };

        string? Value(string name) =>
            values.TryGetValue(name, out var found) && found.Count > 0 && found[0]?.Length > 0 ? found[0] : null;
    }

    /// <summary>The address that holds it.</summary>
    /// <param name="path">Of the page, or of an export.</param>
    public string Address(string path = LabUrls.Runs) =>
        LabUrls.With(
            path,
            ("q", Query),
            ("state", State),
            ("dataset", Dataset),
            ("model", Model),
            ("attack", Attack),
            ("archived", Archived ? "1" : null),
            ("sort", string.Join(',', Sort.Select(key => (key.Descending ? "-" : "") + key.Column))),
            ("group", Group?.ToString().ToLowerInvariant()),
            ("cols", Columns is null ? null : string.Join(',', Columns)),
            ("page", Page > 0 ? Page + 1 : null)
        );

    private static RunSortKey? Key(string text) =>
        EnumName.Read<RunSort>(text.TrimStart('-')) is { } column ? new(column, text[0] == '-') : null;
}

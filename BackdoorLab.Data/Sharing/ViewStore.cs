using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Sharing;

/// <summary>
/// Pages with their whole state under short addresses: named views, and short links for states too long to paste.
/// </summary>
public sealed class ViewStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Longest state, in characters.</summary>
    public const int MaxLength = 100_000;

    /// <summary>Saves a view; a view of that name, page and owner is overwritten and keeps its address.</summary>
    /// <param name="name">Name; empty for a short link, of which equal ones are one.</param>
    /// <param name="path">Path of the page, such as <c>/runs</c>.</param>
    /// <param name="query">Its query string without the question mark.</param>
    /// <param name="owner">Who saves it; empty in a lab without accounts.</param>
    /// <param name="shared">Whether others see it in their lists.</param>
    /// <exception cref="ArgumentException">The path is no page of this lab, or the state is too long.</exception>
    public async Task<ViewItem> SaveAsync(
        string name,
        string path,
        string query,
        string owner,
        bool shared,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsLocal(path))
        {
            throw new ArgumentException($"'{path}' is not a page of this lab.", nameof(path));
        }

        if (query.Length > MaxLength)
        {
            throw new ArgumentException(
                $"A view's state has {MaxLength} characters at most; this one has {query.Length}.",
                nameof(query)
            );
        }

        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var same = context.SavedViews.Where(view => view.Path == path && view.Name == name && view.Owner == owner);
        var view = await (name.Length > 0 ? same : same.Where(view => view.Query == query)).FirstOrDefaultAsync(
            cancellation
        );
        if (view is null)
        {
            view = new SavedView
            {
                Id = RunIds.New(),
                Name = name,
                Path = path,
                Query = query,
                Owner = owner,
                Created = time.GetUtcNow().UtcDateTime,
            };
            context.SavedViews.Add(view);
        }

        (view.Query, view.Shared) = (query, shared);
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return Item(view);
    }

    /// <summary>A view, or null. Whoever has its address may open it.</summary>
    public async Task<ViewItem?> FindAsync(string id, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return
            await context.SavedViews.AsNoTracking().SingleOrDefaultAsync(view => view.Id == id, cancellation)
                is { } view
            ? Item(view)
            : null;
    }

    /// <summary>Named views of a page that a person sees: their own and shared ones, by name.</summary>
    /// <param name="path">Path of the page.</param>
    /// <param name="owner">The person; empty in a lab without accounts.</param>
    public async Task<IReadOnlyList<ViewItem>> ListAsync(
        string path,
        string owner,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var views = await context
            .SavedViews.AsNoTracking()
            .Where(view => view.Path == path && view.Name != "" && (view.Shared || view.Owner == owner))
            .OrderBy(view => view.Name)
            .ThenBy(view => view.Id)
            .ToListAsync(cancellation);
        return [.. views.Select(Item)];
    }

    /// <summary>Removes a view. False when there is none.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.SavedViews.Where(view => view.Id == id).ExecuteDeleteAsync(cancellation) > 0;
    }

    // A view is opened by a redirect, which must not lead to another host.
    private static bool IsLocal(string path) =>
        path.Length > 0
        && path[0] == '/'
        && !path.StartsWith("//", StringComparison.Ordinal)
        && path.IndexOfAny(['\\', '?', '#', '\r', '\n']) < 0;

    private static ViewItem Item(SavedView view) =>
        new(view.Id, view.Name, view.Path, view.Query, view.Owner, view.Shared, view.Created);
}

/// <summary>A saved view.</summary>
/// <param name="Id">Id, of which its address is made.</param>
/// <param name="Name">Name; empty for a short link.</param>
/// <param name="Path">Path of the page.</param>
/// <param name="Query">Its query string without the question mark.</param>
/// <param name="Owner">Who saved it; empty in a lab without accounts.</param>
/// <param name="Shared">Whether others see it in their lists.</param>
/// <param name="Created">UTC.</param>
public sealed record ViewItem(
    string Id,
    string Name,
    string Path,
    string Query,
    string Owner,
    bool Shared,
    DateTime Created
)
{
    /// <summary>The page with its state.</summary>
    public string Address => Query.Length == 0 ? Path : $"{Path}?{Query}";
}

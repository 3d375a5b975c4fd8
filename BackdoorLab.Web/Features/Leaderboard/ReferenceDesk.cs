using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>Where people bring in and take out published values.</summary>
public sealed class ReferenceDesk(Actor actor, Audit audit, ReferenceStore store)
{
    /// <summary>Reads a file and, when it has no fault, keeps it in place of an earlier one of the same name.</summary>
    public async Task<ReferenceReport> Import(string source, TextReader text, CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Researcher);
        var name = PersonText.FileName.Fit(source);
        var (rows, report) = ReferenceImport.Read(name, text);
        if (report.Faults.Count == 0)
        {
            await store.ReplaceAsync(name, rows, cancellation);
            await audit.Add("import-references", name, Numbers.Count(rows.Count, "row"));
        }

        return report;
    }

    /// <summary>Takes a file's values out.</summary>
    public async Task Remove(string source)
    {
        actor.Require(LabRole.Researcher);
        await store.RemoveAsync(source);
        await audit.Add("remove-references", source);
    }
}

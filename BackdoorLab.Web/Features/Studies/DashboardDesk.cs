using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// Where people hand in dashboards: checks that they may, keeps them under their name, writes it down. Texts that are
/// too long or hold what no text holds are refused with a <see cref="PersonTextException"/>.
/// </summary>
public sealed class DashboardDesk(Actor actor, Audit audit, DashboardStore dashboards)
{
    /// <summary>Makes a dashboard over a study.</summary>
    public async Task<DashboardItem> Create(string studyId, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var dashboard = await dashboards.CreateAsync(
            studyId,
            PersonText.DashboardName.Take(name),
            DashboardParts.Take(partsJson),
            actor.Owner
        );
        await audit.Add("create-dashboard", dashboard.Id, dashboard.Name);
        return dashboard;
    }

    /// <summary>Saves a dashboard; null when somebody else did since <paramref name="version"/>.</summary>
    public async Task<DashboardItem?> Save(string id, long version, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var saved = await dashboards.SaveAsync(
            id,
            version,
            PersonText.DashboardName.Take(name),
            DashboardParts.Take(partsJson),
            actor.Owner
        );
        if (saved is not null)
        {
            await audit.Add("edit-dashboard", id, saved.Name);
        }

        return saved;
    }

    /// <summary>Deletes a dashboard, or takes it back.</summary>
    public async Task Delete(string id, bool deleted)
    {
        actor.Require(LabRole.Researcher);
        if (await dashboards.DeleteAsync(id, deleted))
        {
            await audit.Add(deleted ? "delete-dashboard" : "restore-dashboard", id);
        }
    }
}

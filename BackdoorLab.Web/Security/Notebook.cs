using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Features.Studies;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Where people hand in notes, saved views and dashboards: checks that they may, keeps them under their name, writes it down. Texts that
/// are too long or hold what no text holds are refused with a <see cref="PersonTextException"/>.
/// </summary>
public sealed class Notebook(Actor actor, Audit audit, NoteStore notes, ViewStore views, DashboardStore dashboards)
{
    /// <summary>Saves a note, unless somebody else did since <paramref name="version"/>.</summary>
    public async Task<NoteSave> SaveNote(NoteSubject subject, string markdown, long version)
    {
        actor.Require(LabRole.Researcher);
        var save = await notes.SaveAsync(subject, PersonText.Note.Take(markdown), version, actor.Owner);
        if (save.Saved)
        {
            await audit.Add("edit-note", subject.Id);
        }

        return save;
    }

    /// <summary>Saves what somebody sees under a name.</summary>
    public async Task<ViewItem> SaveView(string name, string path, string query, bool shared)
    {
        actor.Require(LabRole.Researcher);
        var view = await views.SaveAsync(PersonText.ViewName.Take(name), path, query, actor.Owner, shared);
        await audit.Add("save-view", view.Id, view.Name);
        return view;
    }

    /// <summary>Makes a dashboard over a study.</summary>
    public async Task<DashboardItem> CreateDashboard(string studyId, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var dashboard = await dashboards.CreateAsync(studyId, PersonText.DashboardName.Take(name), DashboardParts.Take(partsJson), actor.Owner);
        await audit.Add("create-dashboard", dashboard.Id, dashboard.Name);
        return dashboard;
    }

    /// <summary>Saves a dashboard; null when somebody else did since <paramref name="version"/>.</summary>
    public async Task<DashboardItem?> SaveDashboard(string id, long version, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var saved = await dashboards.SaveAsync(id, version, PersonText.DashboardName.Take(name), DashboardParts.Take(partsJson), actor.Owner);
        if (saved is not null)
        {
            await audit.Add("edit-dashboard", id, saved.Name);
        }

        return saved;
    }

    /// <summary>Deletes a dashboard, or takes it back.</summary>
    public async Task DeleteDashboard(string id, bool deleted)
    {
        actor.Require(LabRole.Researcher);
        if (await dashboards.DeleteAsync(id, deleted))
        {
            await audit.Add(deleted ? "delete-dashboard" : "restore-dashboard", id);
        }
    }

    /// <summary>Deletes a view.</summary>
    public async Task DeleteView(string id)
    {
        actor.Require(LabRole.Researcher);
        if (await views.DeleteAsync(id))
        {
            await audit.Add("delete-view", id);
        }
    }
}

using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>Where people hand in notes, saved views and dashboards: checks that they may, keeps them under their name, writes it down.</summary>
public sealed class Notebook(Actor actor, Audit audit, NoteStore notes, ViewStore views, DashboardStore dashboards)
{
    /// <summary>Saves a note, unless somebody else did since <paramref name="version"/>.</summary>
    public async Task<NoteSave> SaveNote(NoteSubject subject, string markdown, long version)
    {
        actor.Require(LabRole.Researcher);
        var save = await notes.SaveAsync(subject, markdown, version, actor.Owner);
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
        var view = await views.SaveAsync(name, path, query, actor.Owner, shared);
        await audit.Add("save-view", view.Id, name);
        return view;
    }

    /// <summary>Makes a dashboard over a study.</summary>
    public async Task<DashboardItem> CreateDashboard(string studyId, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var dashboard = await dashboards.CreateAsync(studyId, name, partsJson, actor.Owner);
        await audit.Add("create-dashboard", dashboard.Id, name);
        return dashboard;
    }

    /// <summary>Saves a dashboard; null when somebody else did since <paramref name="version"/>.</summary>
    public async Task<DashboardItem?> SaveDashboard(string id, long version, string name, string partsJson)
    {
        actor.Require(LabRole.Researcher);
        var saved = await dashboards.SaveAsync(id, version, name, partsJson, actor.Owner);
        if (saved is not null)
        {
            await audit.Add("edit-dashboard", id, name);
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

using BackdoorLab.Data;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Where people hand in notes and saved views: checks that they may, keeps them under their name, writes it down. Texts
/// that are too long or hold what no text holds are refused with a <see cref="PersonTextException"/>.
/// </summary>
public sealed class Notebook(Actor actor, Audit audit, NoteStore notes, ViewStore views)
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

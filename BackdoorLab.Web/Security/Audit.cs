using BackdoorLab.Data;

namespace BackdoorLab.Web.Security;

/// <summary>Writes down what the actor of this scope did.</summary>
public sealed class Audit(Actor actor, AuditLog log)
{
    /// <summary>Adds a line.</summary>
    /// <param name="action">A verb in kebab-case.</param>
    /// <param name="subject">Id of what was changed.</param>
    /// <param name="detail">Words.</param>
    public Task Add(string action, string subject, string detail = "") =>
        log.AddAsync(actor.Name, action, subject, detail);

    /// <summary>Adds a line for each of several.</summary>
    public Task Add(string action, IReadOnlyCollection<string> subjects) => log.AddAsync(actor.Name, action, subjects);
}

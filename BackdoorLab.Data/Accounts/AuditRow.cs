namespace BackdoorLab.Data.Accounts;

/// <summary>A line of the audit log.</summary>
/// <param name="Id">Grows.</param>
/// <param name="At">UTC.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">A verb in kebab-case, such as <c>delete-run</c>.</param>
/// <param name="Subject">Id of what was changed.</param>
/// <param name="Detail">Words.</param>
public sealed record AuditRow(long Id, DateTime At, string Actor, string Action, string Subject, string Detail);

/// <summary>A page of the audit log.</summary>
/// <param name="Rows">Newest first.</param>
/// <param name="Total">How many match.</param>
public sealed record AuditLogPage(IReadOnlyList<AuditRow> Rows, int Total);

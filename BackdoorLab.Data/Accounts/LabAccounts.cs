using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Data.Accounts;

/// <summary>Registration of accounts.</summary>
public static class LabAccounts
{
    /// <summary>
    /// Registers ASP.NET Core Identity over the lab's database; its stores live in a scope, as Identity wants it.
    /// </summary>
    /// <param name="services">Services that have <see cref="LabDataServices.AddLabData"/> already.</param>
    /// <param name="setup">Rules of passwords and lockout.</param>
    public static IdentityBuilder AddLabAccounts(this IServiceCollection services, Action<IdentityOptions> setup) =>
        services.AddIdentityCore<LabUser>(setup).AddEntityFrameworkStores<SqliteLabDbContext>();
}

using Hangfire;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Makes jobs from the services of their own dashboard; the library's default is one global for the whole process.
/// </summary>
internal sealed class JobServices(IServiceScopeFactory scopes) : JobActivator
{
    /// <inheritdoc/>
    public override JobActivatorScope BeginScope(JobActivatorContext context) => new Scope(scopes.CreateScope());

    private sealed class Scope(IServiceScope inner) : JobActivatorScope
    {
        public override object Resolve(Type type) =>
            ActivatorUtilities.GetServiceOrCreateInstance(inner.ServiceProvider, type);

        public override void DisposeScope() => inner.Dispose();
    }
}

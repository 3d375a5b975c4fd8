using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace BackdoorLab.Web.Security;

/// <summary>Tells the actor of a circuit who is behind it, and when that ends.</summary>
internal sealed class ActorCircuit(Actor actor, AuthenticationStateProvider states) : CircuitHandler, IDisposable
{
    /// <inheritdoc/>
    public override async Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        states.AuthenticationStateChanged += OnChanged;
        actor.Set((await states.GetAuthenticationStateAsync()).User);
    }

    /// <inheritdoc/>
    public void Dispose() => states.AuthenticationStateChanged -= OnChanged;

    private void OnChanged(Task<AuthenticationState> state) => _ = Follow(state);

    private async Task Follow(Task<AuthenticationState> state) => actor.Set((await state).User);
}

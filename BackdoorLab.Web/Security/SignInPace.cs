using System.Net;
using System.Net.Sockets;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Slows down those who guess passwords, and locks nobody out: who knows the password waits some seconds at most,
/// whatever others have tried in their name. What was tried counts for the name from that address most, for the name
/// from anywhere and for the address less. A name need not exist to count, so the waiting tells nothing either.
/// </summary>
public sealed class SignInPace(TimeProvider time)
{
    /// <summary>Wrong passwords for a name from an address that cost no waiting.</summary>
    public const int Free = 4;

    /// <summary>The longest that anybody waits.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private const int FreeOfName = 20;
    private const int FreeOfAddress = 30;
    private const int MostWaiting = 8;
    private const int MostRemembered = 20_000;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Wrong, DateTimeOffset Last)> _tried = [];
    private readonly Dictionary<string, int> _waiting = [];

    /// <summary>How long an attempt has to wait before its password is looked at.</summary>
    public TimeSpan Delay(string name, IPAddress? address)
    {
        lock (_gate)
        {
            var seconds = new[]
            {
                Seconds(Pair(name, address), Free, 15),
                Seconds(Name(name), FreeOfName, 5),
                Seconds(Place(address), FreeOfAddress, 10),
            }.Max();
            return TimeSpan.FromSeconds(seconds);
        }
    }

    /// <summary>
    /// Takes a place among those of an address who wait, waits, and gives it back when disposed; null when too many
    /// wait there already.
    /// </summary>
    public async Task<IDisposable?> Enter(string name, IPAddress? address, CancellationToken gone)
    {
        var place = Place(address);
        lock (_gate)
        {
            if (_waiting.GetValueOrDefault(place) >= MostWaiting)
            {
                return null;
            }

            _waiting[place] = _waiting.GetValueOrDefault(place) + 1;
        }

        var seat = new Seat(this, place);
        try
        {
            if (Delay(name, address) is { Ticks: > 0 } delay)
            {
                await Task.Delay(delay, time, gone);
            }

            return seat;
        }
        catch
        {
            seat.Dispose();
            throw;
        }
    }

    /// <summary>Remembers a wrong password.</summary>
    public void Wrong(string name, IPAddress? address)
    {
        lock (_gate)
        {
            if (_tried.Count > MostRemembered)
            {
                Forget();
            }

            foreach (var key in new[] { Pair(name, address), Name(name), Place(address) })
            {
                _tried[key] = (Count(key) + 1, time.GetUtcNow());
            }
        }
    }

    /// <summary>The right one came: what was mistyped before it counts no more.</summary>
    public void Right(string name, IPAddress? address)
    {
        lock (_gate)
        {
            _tried.Remove(Pair(name, address));
        }
    }

    /// <summary>An address as limits count it: of IPv6 the network, of which one person has all addresses.</summary>
    internal static string Place(IPAddress? address)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is { AddressFamily: AddressFamily.InterNetworkV6 }
            ? Convert.ToHexStringLower(plain.GetAddressBytes()[..8])
            : plain?.ToString() ?? "unknown";
    }

    private static string Name(string name) => "name " + name.ToUpperInvariant();

    private static string Pair(string name, IPAddress? address) => $"{Place(address)} {Name(name)}";

    // One second, two, four and so on.
    private double Seconds(string key, int free, double most) =>
        Count(key) - free is >= 0 and var over ? Math.Min(most, Math.Pow(2, Math.Min(over, 10))) : 0;

    private int Count(string key) =>
        _tried.TryGetValue(key, out var tried) && time.GetUtcNow() - tried.Last < Memory ? tried.Wrong : 0;

    private void Forget()
    {
        // What is over goes; of a flood of names also the older half.
        var kept = _tried
            .Where(entry => time.GetUtcNow() - entry.Value.Last < Memory)
            .OrderByDescending(entry => entry.Value.Last)
            .Take(MostRemembered / 2)
            .ToList();
        _tried.Clear();
        kept.ForEach(entry => _tried.Add(entry.Key, entry.Value));
    }

    private void Leave(string place)
    {
        lock (_gate)
        {
            if (--_waiting[place] == 0)
            {
                _waiting.Remove(place);
            }
        }
    }

    private sealed class Seat(SignInPace pace, string place) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            if (!_left)
            {
                _left = true;
                pace.Leave(place);
            }
        }
    }
}

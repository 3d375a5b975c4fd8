using System.Net;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web;

/// <summary>
/// Finds every fault of the settings at once; each message names the key, the legal values and the value found.
/// </summary>
public sealed class LabOptionsValidator : IValidateOptions<LabOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LabOptions options)
    {
        var faults = new List<string>();
        Range(faults, "threads", options.Threads, 1, 1024);
        Range(faults, "maxAttempts", options.MaxAttempts, 1, 20);
        Range(faults, "leaseSeconds", options.LeaseSeconds, 10, 3600);
        Range(faults, "stopSeconds", options.StopSeconds, 1, 120);
        Range(faults, "maxModelMegabytes", options.MaxModelMegabytes, 1, 100_000);
        Range(faults, "sessionCheckSeconds", options.SessionCheckSeconds, 1, 300);
        faults.AddRange(
            LabOptions
                .Split(options.Proxy)
                .Where(proxy => !IPAddress.TryParse(proxy, out _))
                .Select(proxy => $"proxy: '{proxy}' is not an IP address.")
        );
        if (
            options.Webhook.Length > 0
            && !(
                Uri.TryCreate(options.Webhook, UriKind.Absolute, out var webhook) && webhook.Scheme is "http" or "https"
            )
        )
        {
            faults.Add($"webhook: '{options.Webhook}' is not an http or https address.");
        }

        Addresses(faults, options);
        Folders(faults, options);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Range(List<string> faults, string key, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            faults.Add($"{key}: must be from {least} to {most}; found {value}.");
        }
    }

    private static void Addresses(List<string> faults, LabOptions options)
    {
        if (options.Addresses.Count == 0)
        {
            faults.Add("urls: must name at least one address, such as http://127.0.0.1:5080.");
        }

        foreach (var address in options.Addresses)
        {
            if (Host(address) is not { } host)
            {
                faults.Add($"urls: '{address}' is not an http or https address such as http://127.0.0.1:5080.");
            }
            else if (!IsLoopback(host) && !options.AllowRemote && options.Mode == LabMode.Local)
            {
                faults.Add(
                    $"urls: '{address}' can be reached from other machines, and there is no sign-in. "
                        + "Use 127.0.0.1 or localhost, start with --mode lab (mode: lab) for accounts, "
                        + "or add --allow-remote (allowRemote: true) if everybody who reaches it may do everything."
                );
            }
        }
    }

    private static string? Host(string address)
    {
        // Kestrel's wildcards are no valid host names for Uri.
        var probe = address
            .Replace("://*", "://0.0.0.0", StringComparison.Ordinal)
            .Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
        return
            Uri.TryCreate(probe, UriKind.Absolute, out var uri)
            && uri.Scheme is "http" or "https"
            && uri.PathAndQuery == "/"
            ? uri.DnsSafeHost
            : null;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));

    private static void Folders(List<string> faults, LabOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Lab))
        {
            faults.Add("lab: must name a folder.");
        }
        else if (FileAt(options.Lab) is { } lab)
        {
            faults.Add($"lab: must be a folder; '{lab}' is a file.");
        }

        if (FileAt(options.Data) is { } data)
        {
            faults.Add($"data: must be a folder; '{data}' is a file.");
        }
    }

    /// <summary>The file that stands where a folder or one above it would have to be, or null.</summary>
    internal static string? FileAt(string folder)
    {
        for (var place = folder; place is not null; place = Path.GetDirectoryName(place))
        {
            if (File.Exists(place))
            {
                return place;
            }
        }

        return null;
    }
}

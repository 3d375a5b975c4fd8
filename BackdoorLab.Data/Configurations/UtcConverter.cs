using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace BackdoorLab.Data.Configurations;

/// <summary>
/// All times are UTC. SQLite stores text without a zone, so what is read gets its kind back; a local time is converted
/// before it is written, and one of unknown kind is taken as UTC.
/// </summary>
internal sealed class UtcConverter()
    : ValueConverter<DateTime, DateTime>(
        value =>
            value.Kind == DateTimeKind.Local ? value.ToUniversalTime() : DateTime.SpecifyKind(value, DateTimeKind.Utc),
        value => DateTime.SpecifyKind(value, DateTimeKind.Utc)
    );

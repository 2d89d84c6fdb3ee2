using System.Reflection;
using System.Runtime.InteropServices;

namespace Spoco.Cli.Commands;

/// <summary>What a report of an error or of a measurement begins with.</summary>
internal static class Versions
{
    /// <summary>Spoco's version, with the commit it was built of.</summary>
    public static string Spoco => Of(typeof(Versions));

    /// <summary>Versions of Spoco, ILGPU, the runtime and the system.</summary>
    public static string Text => $"Spoco {Spoco}, ILGPU {Of(typeof(ILGPU.Context)).Split('+')[0]}, {RuntimeInformation.FrameworkDescription}, "
        + $"{RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})";

    private static string Of(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? $"{type.Assembly.GetName().Version}";
}

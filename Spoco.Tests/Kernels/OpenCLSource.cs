using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Spoco.Tests.Kernels;

/// <summary>A kernel as ILGPU writes it for OpenCL, which needs no device.</summary>
internal static partial class OpenCLSource
{
    // For a device that can do everything. A backend compiles one kernel at a time.
    private static readonly Lazy<CLBackend> Backend = new(() =>
    {
        var capabilities = (CLCapabilityContext)Activator.CreateInstance(
            typeof(CLCapabilityContext), BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, null, [true, true, true, true, true], null)!;
        return new CLBackend(Context.Create(builder => builder.EnableAlgorithms()), capabilities, CLDeviceVendor.Other, new CLCVersion(3, 0));
    });

    /// <summary>Writes a kernel.</summary>
    public static string Of(MethodInfo kernel)
    {
        var entry = kernel.GetParameters() is [{ ParameterType: var first }, ..] && typeof(IIndex).IsAssignableFrom(first)
            ? EntryPointDescription.FromImplicitlyGroupedKernel(kernel) : EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        lock (Backend)
            return ((CLCompiledKernel)Backend.Value.Compile(entry, default(KernelSpecialization))).Source;
    }

    /// <summary>
    /// The statements that read a variable which some way to them does not write. The code is a list of statements of one variable each, of labels, and of jumps, some of which depend on the
    /// line before them.
    /// </summary>
    public static string[] ReadBeforeWritten(string source)
    {
        var start = source.IndexOf("kernel void", StringComparison.Ordinal);
        var body = source.IndexOf("\n{", start, StringComparison.Ordinal);
        var lines = source[body..source.IndexOf("\n}", body, StringComparison.Ordinal)].Split('\n');
        var labels = lines.Select((line, i) => (Match: Label().Match(line), i)).Where(l => l.Match.Success).ToDictionary(l => l.Match.Groups[1].Value, l => l.i);
        // What is written before each line on every way there; null = no way is known yet.
        var written = new HashSet<string>?[lines.Length + 1];
        written[0] = [.. Variable().Matches(source[start..body]).Select(m => m.Value)];
        var found = new SortedSet<int>();
        for (var changes = true; changes;)
        {
            changes = false;
            found.Clear();
            for (var i = 0; i < lines.Length; i++)
            {
                if (written[i] is not { } before)
                    continue;
                var (reads, writes) = Effects(lines[i]);
                if (reads.Any(v => !before.Contains(v)))
                    found.Add(i);
                var after = new HashSet<string>(before);
                after.UnionWith(writes);
                var jump = Jump().Match(lines[i]);
                var isConditional = i > 0 && Condition().IsMatch(lines[i - 1]);
                if (jump.Groups[1].Success)
                    changes |= Meet(labels[jump.Groups[1].Value], after);
                if (!jump.Success || isConditional)
                    changes |= Meet(i + 1, after);
            }
        }

        return [.. found.Select(i => lines[i].Trim())];

        bool Meet(int line, HashSet<string> ways)
        {
            if (written[line] is not { } known)
            {
                written[line] = ways;
                return true;
            }

            var count = known.Count;
            if (!known.IsSubsetOf(ways))
                written[line] = [.. known.Intersect(ways)];
            return written[line]!.Count < count;
        }
    }

    private static (IEnumerable<string> Reads, IEnumerable<string> Writes) Effects(string line)
    {
        // Arrays, and what threads of a group share, are there once they are declared; other variables are not.
        if (Declaration().Match(line) is { Success: true } declaration)
            return ([], declaration.Groups[1].Success || declaration.Groups[3].Success ? [declaration.Groups[2].Value] : []);
        var assignment = Assignment().Match(line);
        return (Variable().Matches(assignment.Success ? assignment.Groups[2].Value : line).Select(m => m.Value), assignment.Success ? [assignment.Groups[1].Value] : []);
    }

    [GeneratedRegex(@"\bvar\d+\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^\s*(L_\d+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s*(?:if \(|case )")]
    private static partial Regex Condition();

    [GeneratedRegex(@"^\s*(?:goto (L_\d+)|return\b.*);")]
    private static partial Regex Jump();

    [GeneratedRegex(@"^\s*((?:local|private|const) )?(?:struct )?\w+\*? (var\d+)(\[.*\])?;$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*(var\d+)(?:\.\w+)*\s*=([^=].*)$")]
    private static partial Regex Assignment();
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Spoco.Tests.Kernels;

/// <summary>What NVIDIA's assembler makes of a kernel.</summary>
/// <param name="Registers">32-bit registers of a thread.</param>
/// <param name="SharedBytes">Shared memory of a group.</param>
/// <param name="StackBytes">Memory of a thread beside its registers: arrays, and structs whose address is taken.</param>
/// <param name="SpillBytes">Bytes that are stored because registers do not suffice, and read again.</param>
/// <param name="Instructions">How often each instruction stands in the code, with the parts of its name.</param>
internal sealed partial record AssembledKernel(
    int Registers, int SharedBytes, int StackBytes, int SpillBytes, IReadOnlyDictionary<string, int> Instructions)
{
    /// <summary>The reason where kernels cannot be assembled here.</summary>
    public const string Missing = "ptxas and nvdisasm are not here: kernels are compiled and not assembled. build/ptxas.sh sets both up and prints their folder; "
        + "it is to be on PATH, or the environment variable SPOCO_PTXAS.";

    private static readonly Lazy<string?> Folder = new(Find);

    private static readonly ConcurrentDictionary<CompiledKernel, AssembledKernel> Known = new();

    /// <summary>Whether the assembler is here.</summary>
    public static bool CanAssemble => Folder.Value is not null;

    /// <summary>How many instructions there are.</summary>
    public int Count => Instructions.Values.Sum();

    /// <summary>Assembles a kernel, once.</summary>
    public static AssembledKernel Of(CompiledKernel kernel) => Known.GetOrAdd(kernel, static k =>
    {
        var folder = Directory.CreateTempSubdirectory("spoco-ptx");
        try
        {
            var (ptx, cubin) = (Path.Combine(folder.FullName, "kernel.ptx"), Path.Combine(folder.FullName, "kernel.cubin"));
            File.WriteAllText(ptx, k.Ptx);
            return Read(
                Run("ptxas", "-v", $"-arch=sm_{k.Architecture}", ptx, "-o", cubin),
                Run("nvdisasm", "-c", cubin));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    });

    /// <summary>Reads the report of the assembler and the listing of the disassembler.</summary>
    public static AssembledKernel Read(string report, string listing)
    {
        var stack = Stack().Match(report);
        if (!stack.Success || !RegisterCount().IsMatch(report))
            throw new FormatException($"ptxas says something new:\n{report}");
        var instructions = Instruction().Matches(listing).CountBy(m => m.Groups[1].Value).ToDictionary();
        if (instructions.Count == 0)
            throw new FormatException($"nvdisasm says something new:\n{listing}");
        return new AssembledKernel(
            Number(RegisterCount().Match(report), 1), Number(Shared().Match(report), 1),
            Stack().Matches(report).Sum(m => Number(m, 1)), Stack().Matches(report).Sum(m => Number(m, 2) + Number(m, 3)), instructions);

        static int Number(Match match, int group) => match.Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>How often instructions stand in the code whose name begins so; <paramref name="part"/> has to be among the parts of the name.</summary>
    public int CountOf(string name, string? part = null) => Instructions
        .Where(i => i.Key.Split('.') is var parts && parts[0] == name && (part is null || parts.Contains(part))).Sum(i => i.Value);

    private static string? Find() => new[] { Environment.GetEnvironmentVariable("SPOCO_PTXAS") }
        .Concat(Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [])
        .FirstOrDefault(f => !string.IsNullOrEmpty(f) && File.Exists(Path.Combine(f, "ptxas")) && File.Exists(Path.Combine(f, "nvdisasm")));

    private static string Run(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Folder.Value!, tool), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{tool}: exit code {process.ExitCode}: {error.Result}{output}");
        return error.Result + output;
    }

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex RegisterCount();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex Stack();

    // An address, perhaps a predicate, and the instruction.
    [GeneratedRegex(@"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)", RegexOptions.Multiline)]
    private static partial Regex Instruction();
}

using System.Globalization;
using System.Reflection;
using System.Text;

namespace Spoco.Tests.Kernels;

/// <summary>What every kernel takes and is made of, as a table in Markdown.</summary>
internal static class KernelTable
{
    private static readonly (string Title, Func<AssembledKernel, int> Count)[] Kinds =
    [
        ("instr.", k => k.Count),
        ("FMA", k => k.CountOf("FFMA")),
        ("matrix", k => k.CountOf("HMMA") + k.CountOf("IMMA") + k.CountOf("DMMA")),
        ("load", k => k.CountOf("LDG") + k.CountOf("LD") + k.CountOf("LDGSTS")),
        ("of 128 bit", k => k.CountOf("LDG", "128") + k.CountOf("LD", "128") + k.CountOf("LDGSTS", "128")),
        ("store", k => k.CountOf("STG") + k.CountOf("ST")),
        ("shared load", k => k.CountOf("LDS") + k.CountOf("LDSM")),
        ("shared store", k => k.CountOf("STS")),
        ("local", k => k.CountOf("LDL") + k.CountOf("STL")),
        ("atomic", k => k.CountOf("ATOM") + k.CountOf("ATOMG") + k.CountOf("ATOMS") + k.CountOf("RED")),
        ("barrier", k => k.CountOf("BAR")),
        ("branch", k => k.CountOf("BRA")),
    ];

    /// <summary>A table for every compute capability, kernels by name.</summary>
    public static string Of(IEnumerable<MethodInfo> kernels)
    {
        var text = new StringBuilder("""
            # Kernels

            Every kernel as ILGPU compiles it and NVIDIA's assembler (CUDA 11.8, or what is on PATH) assembles it. Registers per thread; shared memory, spills and
            stack in bytes; then how often kinds of instructions stand in the code (not how often they run). Made by `--target=Kernels`.

            """);
        var all = kernels.ToArray();
        foreach (var architecture in CompiledKernel.Architectures)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## SM {architecture / 10}.{architecture % 10}\n\n| kernel | registers | shared | spills | stack |");
            text.Append(string.Concat(Kinds.Select(k => $" {k.Title} |"))).Append("\n|---|").Append(string.Concat(Enumerable.Repeat("--:|", 4 + Kinds.Length))).Append('\n');
            foreach (var kernel in all.Select(k => CompiledKernel.Of(k, architecture)).OrderBy(k => k.Name, StringComparer.Ordinal))
            {
                var made = AssembledKernel.Of(kernel);
                text.Append(CultureInfo.InvariantCulture, $"| `{kernel.Name}` | {made.Registers} | {made.SharedBytes} | {made.SpillBytes} | {made.StackBytes} |");
                text.Append(string.Concat(Kinds.Select(k => string.Create(CultureInfo.InvariantCulture, $" {k.Count(made)} |")))).Append('\n');
            }
        }

        return text.ToString();
    }
}

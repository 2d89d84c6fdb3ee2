using BenchmarkDotNet.Running;
using Spoco.Engine;

namespace Spoco.Bench;

/// <summary>
/// BenchmarkDotNet's own command line, with <see cref="BenchDevices"/>: <c>--filter '*Convolution*' --device cpu,opencl:0</c>. It builds a program for every benchmark.
/// </summary>
internal static class Switcher
{
    /// <summary>Runs the benchmarks that the arguments choose.</summary>
    /// <exception cref="InputException">There is no SDK.</exception>
    public static void Run(string[] args)
    {
        if (!HasSdk)
            throw new InputException($"{args[0]}: is for BenchmarkDotNet, which needs the .NET SDK and Spoco's source; without them there is spoco-bench gpu.");
        var rest = BenchDevices.Choose(args);
        // Not a default job of the configuration: BenchmarkDotNet lets that one win over --job.
        if (!rest.Any(argument => argument is "--job" or "-j"))
            rest = ["--job", "short", .. rest];
        Start(rest);
    }

    /// <summary>Whether the runtime lies beside an SDK, and BenchmarkDotNet beside this program: the kit has neither.</summary>
    private static bool HasSdk =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, "BenchmarkDotNet.dll"))
        && Directory.Exists(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", "sdk"));

    /// <summary>Apart from its caller, which runs where BenchmarkDotNet is not.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Start(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(BenchConfig).Assembly).Run(args, new BenchConfig());
}

using Spoco.Kernels;

namespace Spoco.Bench;

/// <summary>The devices to measure, for <c>[ParamsSource(typeof(BenchDevices), nameof(BenchDevices.Names))]</c>.</summary>
public static class BenchDevices
{
    /// <summary>Hands the choice on to the processes that BenchmarkDotNet starts, which see none of our options.</summary>
    private const string Variable = "SPOCO_BENCH_DEVICE";

    private const string Option = "--device";

    /// <summary>Name of the parameter of every benchmark that runs on a chosen device.</summary>
    public const string Parameter = "Device";

    /// <summary>Names as <see cref="ComputeDevice.Open"/> takes them; <c>cpu</c> unless others were chosen.</summary>
    public static IReadOnlyList<string> Names =>
        (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } names ? names : "cpu").Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Takes <c>--device NAME[,NAME]</c> out of the arguments, after a look whether the devices can be opened.</summary>
    /// <returns>The arguments that are BenchmarkDotNet's own.</returns>
    /// <exception cref="ArgumentException">The option has no value.</exception>
    /// <exception cref="DeviceException">No such device.</exception>
    public static string[] Choose(string[] args)
    {
        var rest = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] != Option)
                rest.Add(args[i]);
            else if (++i < args.Length)
                Environment.SetEnvironmentVariable(Variable, args[i]);
            else
                throw new ArgumentException($"{Option}: a name or names separated by commas must follow, for example cpu,opencl:0.");
        }
        foreach (var name in Names)
            ComputeDevice.Open(name).Dispose();
        return [.. rest];
    }
}

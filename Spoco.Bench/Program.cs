using BenchmarkDotNet.Running;
using Spoco.Bench;
using Spoco.Kernels;

// dotnet run -c Release --project Spoco.Bench -- --filter '*Convolution*' --device cpu,opencl:0
// dotnet run -c Release --project Spoco.Bench -- breakdown 3D [repeats] [threads]
// dotnet run -c Release --project Spoco.Bench -- scaling 2D [repeats]
// dotnet run -c Release --project Spoco.Bench -- convolutions [repeats]
try
{
    if (args is ["breakdown", ..])
        return Breakdown.Run(args[1..]);
    if (args is ["scaling", ..])
        return Scaling.Run(args[1..]);
    if (args is ["convolutions", ..])
        return ConvolutionTable.Run(args[1..]);
    var rest = BenchDevices.Choose(args);
    // Not a default job of the configuration: BenchmarkDotNet lets that one win over --job.
    if (!rest.Any(argument => argument is "--job" or "-j"))
        rest = ["--job", "short", .. rest];
    BenchmarkSwitcher.FromAssembly(typeof(BenchConfig).Assembly).Run(rest, new BenchConfig());
    return 0;
}
catch (Exception e) when (e is DeviceException or ArgumentException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

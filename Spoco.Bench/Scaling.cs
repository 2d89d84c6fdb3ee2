using System.Globalization;

namespace Spoco.Bench;

/// <summary>
/// How much faster a training step (<see cref="NetworkStep"/>) becomes with all threads. Steps with one thread and with all take turns, so that
/// both meet the same state of the machine.
/// </summary>
internal static class Scaling
{
    public static void Run(TrainingStepBench.Network net, int repeats, AlgorithmRequest algorithms)
    {
        using var one = new NetworkStep(net, 1, algorithms);
        using var all = new NetworkStep(net, Environment.ProcessorCount, algorithms);
        one.Run();
        all.Run();
        double[] slow = new double[repeats], fast = new double[repeats], ratios = new double[repeats];
        for (var i = 0; i < repeats; i++)
        {
            (slow[i], fast[i]) = (one.Run().Total, all.Run().Total);
            ratios[i] = slow[i] / fast[i];
        }

        Array.Sort(slow);
        Array.Sort(fast);
        Array.Sort(ratios);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{net}, {repeats} steps each: 1 thread {slow[0]:f0} ms at best, median "
            + $"{slow[repeats / 2]:f0}; {all.Device.Processors} threads {fast[0]:f0} and {fast[repeats / 2]:f0}; "
            + $"ratio of the best {slow[0] / fast[0]:f2}, of neighbouring steps {ratios[repeats / 4]:f2}, {ratios[repeats / 2]:f2}, {ratios[3 * repeats / 4]:f2} (quartiles)"));
        algorithms.Report(all.Device);
    }
}

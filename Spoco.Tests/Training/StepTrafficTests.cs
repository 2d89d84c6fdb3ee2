using System.Linq.Expressions;
using ILGPU.Runtime;
using Spoco.Bench;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>
/// How often a training step of the paper's networks asks an ILGPU device for anything. Launches are counted and not made, so that networks of full depth fit
/// a test: how many there are depends on no value.
/// </summary>
public sealed class StepTrafficTests
{
    [TestCase("UNet3D", 16, 16, 16, 150)]
    [TestCase("UNet2D 16", 1, 64, 64, 220)]
    public void A_step_asks_for_few_launches(string network, int depth, int height, int width, int most)
    {
        var counter = new CountedLaunches();
        using var device = ComputeDevice.Open("ilgpu-cpu").Ilgpu;
        device.Loader = counter;
        var net = TrainingStepBench.Find(network);
        using var calls = new TrainingStepCalls(device, net with { Input = net.Input with { N = 2, D = depth, H = height, W = width } });
        for (var step = 0; step < 2; step++)
        {
            counter.Launches = 0;
            try
            {
                calls.Spoco();
            }
            catch (Exception e) when (e is not AssertionException)
            {
                // Nothing has been computed: what lies in the memory may be any number. The launches have been asked for by then.
            }

            TestContext.Out.WriteLine($"{network}: {counter.Launches} launches");
            Assert.That(counter.Launches, Is.InRange(most / 2, most));
        }
    }

    /// <summary>In place of kernels.</summary>
    private sealed class CountedLaunches : IKernelLoader
    {
        private readonly Dictionary<object, Delegate> _launchers = new(ReferenceEqualityComparer.Instance);

        public int Launches { get; set; }

        public TLauncher Load<TLauncher>(Func<Accelerator, TLauncher> load) where TLauncher : Delegate
        {
            Launches++;
            if (_launchers.TryGetValue(load, out var known))
                return (TLauncher)known;
            var parameters = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
            var launcher = Expression.Lambda<TLauncher>(Expression.Empty(), parameters).Compile();
            _launchers[load] = launcher;
            return launcher;
        }
    }
}

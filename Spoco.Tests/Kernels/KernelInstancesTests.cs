using Spoco.Kernels.Primitives;
using Spoco.Tests.Interleavings;

namespace Spoco.Tests.Kernels;

/// <summary>No kernel escapes: what is compiled for CUDA is what the product loads.</summary>
public sealed class KernelInstancesTests
{
    private static string[] Names => [.. KernelInstances.All.Select(Player.NameOf).Distinct()];

    [Test]
    public void Every_kernel_that_is_loaded_anywhere_has_an_instance()
    {
        Assert.That(KernelPlayTests.Kernels(), Has.Count.GreaterThan(80));
        Assert.That(Names, Is.EquivalentTo(KernelPlayTests.Kernels()));
    }

    [Test]
    public void What_looks_like_a_kernel_is_loaded() => Assert.That(KernelInstances.IndexedMethods().Except(Names), Is.Empty);

    [Test]
    public void Nothing_is_compiled_in_another_way()
    {
        Assert.That(KernelInstances.OtherWays(KernelInstances.Product), Is.Empty);
        Assert.That(KernelInstances.OtherWays(typeof(CompiledKernel).Assembly), Has.Some.EndsWith("calls Backend.Compile"), "what is looked for is seen");
    }

    [Test]
    public void All_type_arguments_are_closed_and_names_are_unique()
    {
        Assert.That(KernelInstances.All.Where(k => k.ContainsGenericParameters), Is.Empty);
        Assert.That(KernelInstances.All.Select(KernelInstances.NameOf), Is.Unique);
    }

    // What generic code loads, found by following the calls: through a generic class, a generic method, and operators given by the engine.
    [TestCase("MutexPairKernels.Insert<WideAtomics>")]
    [TestCase("MutexPairKernels.Insert<NarrowAtomics>")]
    [TestCase("Compaction.KeepRun<MutexStrongest>")]
    [TestCase("TileForward.Kernel<WideTile>")]
    [TestCase("ElementwiseSimt.Apply<MultiplyOperator>")]
    public void Generic_kernels_are_found_with_the_arguments_they_are_used_with(string kernel) =>
        Assert.That(KernelInstances.All.Select(KernelInstances.NameOf), Does.Contain(kernel));

    [Test]
    public void Every_operator_is_an_instance()
    {
        var operators = typeof(IElementwiseOperator).Assembly.GetTypes().Where(t => t.IsValueType && typeof(IElementwiseOperator).IsAssignableFrom(t));
        Assert.That(operators.Select(o => $"ElementwiseSimt.Apply<{o.Name}>").Except(KernelInstances.All.Select(KernelInstances.NameOf)), Is.Empty);
    }
}

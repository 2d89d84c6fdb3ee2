using System.Globalization;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Kernels;

/// <summary>Every kernel of the product, with every list of type arguments, compiles for CUDA and is assembled without a spill.</summary>
public sealed class KernelPtxTests
{
    private static IEnumerable<string> Kernels => KernelInstances.All.Select(KernelInstances.NameOf).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Kernels))]
    public void Compiles(string kernel)
    {
        foreach (var architecture in CompiledKernel.Architectures)
            Assert.That(CompiledKernel.Of(KernelInstances.Named(kernel), architecture).Ptx, Does.Contain(".entry"));
    }

    // Two passes over halves of a key are for devices that have no atomics of 64 bits.
    [Test]
    public void Wide_atomics_are_of_64_bits_and_narrow_ones_are_not()
    {
        var kernels = KernelInstances.All.Where(k => k.GetGenericArguments().Any(a => typeof(IKeyAtomics).IsAssignableFrom(a))).ToArray();
        Assert.That(kernels, Has.Length.GreaterThan(8));
        foreach (var kernel in kernels)
            Assert.That(
                CompiledKernel.Of(kernel, 90).Ptx.Contains(".max.u64", StringComparison.Ordinal),
                Is.EqualTo(kernel.GetGenericArguments()[0] == typeof(WideAtomics)), KernelInstances.NameOf(kernel));
    }

    // Sixteen components of a pixel or a centre are four loads, and the gradient of a pixel is four stores. What lies behind the first sixteen is not in the code.
    [TestCase("EmbeddingSumsKernels.Sum<OneBlock>", 0)]
    [TestCase("EmbeddingGradientKernels.Differentiate<OneBlock>", 4)]
    [TestCase("AnchorSelectionSimt.SelectKernel<OneBlock>", 0)]
    [TestCase("AffinityLossSimt.SumsKernel<OneBlock>", 0)]
    [TestCase("AffinityLossSimt.GradientKernel<OneBlock>", 4)]
    [TestCase("SoftMasksSimt.ForwardKernel<OneBlock>", 0)]
    public void Embeddings_are_read_by_128_bits(string kernel, int stores)
    {
        RequireAssembler();
        foreach (var architecture in CompiledKernel.Architectures)
        {
            var made = AssembledKernel.Of(CompiledKernel.Of(KernelInstances.Named(kernel), architecture));
            Assert.That(made.CountOf("LD", "128") + made.CountOf("LDG", "128"), Is.GreaterThanOrEqualTo(8), $"SM {architecture}");
            Assert.That(made.CountOf("ST", "128") + made.CountOf("STG", "128"), Is.EqualTo(stores), $"SM {architecture}");
        }
    }

    // A multiprocessor has 65,536 registers: two groups of 256 threads that sum, three of 128 that differentiate, two of 192 or four of 96 that multiply matrices.
    [TestCase("EmbeddingSumsKernels.Sum<OneBlock>", 128)]
    [TestCase("EmbeddingGradientKernels.Differentiate<OneBlock>", 168)]
    [TestCase("EmbeddingGradientKernels.Differentiate<AnyBlocks>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<WideGradient, SingleOperand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<WideGradient, TensorFloat32Operand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<WideGradient, BrainFloat16Operand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<MiddleGradient, SingleOperand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<MiddleGradient, TensorFloat32Operand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<MiddleGradient, BrainFloat16Operand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<NarrowGradient, SingleOperand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<NarrowGradient, TensorFloat32Operand>", 168)]
    [TestCase("MatrixWeightGradient.Kernel<NarrowGradient, BrainFloat16Operand>", 168)]
    public void Several_groups_share_a_multiprocessor(string kernel, int registers)
    {
        RequireAssembler();
        foreach (var architecture in CompiledKernel.Architectures)
            Assert.That(AssembledKernel.Of(CompiledKernel.Of(KernelInstances.Named(kernel), architecture)).Registers, Is.LessThanOrEqualTo(registers), $"SM {architecture}");
    }

    // Without these the assembler takes the registers that it likes.
    [TestCase("WideGradient", 192, 2)]
    [TestCase("MiddleGradient", 96, 4)]
    [TestCase("NarrowGradient", 96, 4)]
    public void Groups_that_share_a_multiprocessor_are_asked_for(string layout, int threads, int groups)
    {
        foreach (var operand in (string[])["SingleOperand", "TensorFloat32Operand", "BrainFloat16Operand"])
        {
            var ptx = CompiledKernel.Of(KernelInstances.Named($"MatrixWeightGradient.Kernel<{layout}, {operand}>"), 90).Ptx;
            Assert.That(ptx, Does.Match(string.Create(CultureInfo.InvariantCulture, $@"\.maxntid {threads}, 1, 1\s+\.minnctapersm {groups}\s")));
        }
    }

    [TestCaseSource(nameof(Kernels))]
    public void Needs_no_memory_beside_registers(string kernel)
    {
        RequireAssembler();
        foreach (var architecture in CompiledKernel.Architectures)
        {
            var made = AssembledKernel.Of(CompiledKernel.Of(KernelInstances.Named(kernel), architecture));
            Assert.That((made.SpillBytes, made.StackBytes), Is.EqualTo((0, 0)), $"bytes of spills and of stack, SM {architecture}");
        }
    }

    [Test]
    public void Table_has_every_kernel()
    {
        RequireAssembler();
        var table = KernelTable.Of(KernelInstances.All);
        foreach (var kernel in Kernels)
            Assert.That(table.Split($"| `{kernel}` |"), Has.Length.EqualTo(1 + CompiledKernel.Architectures.Length), kernel);
        if (Environment.GetEnvironmentVariable("SPOCO_KERNEL_TABLE") is { Length: > 0 } path)
            File.WriteAllText(path, table);
    }

    private static void RequireAssembler()
    {
        if (!AssembledKernel.CanAssemble)
            Assert.Ignore(AssembledKernel.Missing);
    }
}

namespace Spoco.Tests.Kernels;

/// <summary>What is read from the assembler's report, so that a spill can fail a test.</summary>
public sealed class AssembledKernelTests
{
    private const string Listing = """
        	.section	.text.Kernel_Sum,"ax",@progbits
                /*0000*/                   IMAD.MOV.U32 R1, RZ, RZ, c[0x0][0x28] ;
                /*0010*/              @!P0 LDG.E.128 R4, [R2.64] ;
                /*0020*/                   LDG.E R8, [R2.64] ;
                /*0030*/              @P1  STL [R1], R8 ;
                /*0040*/             @!UP0 UMOV UR4, 0x1 ;
                /*0050*/                   EXIT ;
        """;

    [TestCase("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", "Used 17 registers, 392 bytes cmem[0]", 17, 0, 0, 0)]
    [TestCase("40 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads", "Used 255 registers, 8704 bytes smem, 392 bytes cmem[0]", 255, 8704, 40, 32)]
    public void Reports_are_read(string memory, string used, int registers, int shared, int stack, int spills)
    {
        var kernel = AssembledKernel.Read($"ptxas info    : Function properties for Kernel_Sum\n    {memory}\nptxas info    : {used}\n", Listing);
        Assert.That((kernel.Registers, kernel.SharedBytes, kernel.StackBytes, kernel.SpillBytes), Is.EqualTo((registers, shared, stack, spills)));
        Assert.That(kernel.Count, Is.EqualTo(6));
        Assert.That((kernel.CountOf("LDG"), kernel.CountOf("LDG", "128"), kernel.CountOf("STL"), kernel.CountOf("LD")), Is.EqualTo((2, 1, 1, 0)));
    }

    [Test]
    public void A_report_in_another_form_is_an_error_and_no_zero()
    {
        Assert.That(() => AssembledKernel.Read("ptxas info    : Used 17 registers", Listing), Throws.InstanceOf<FormatException>());
        Assert.That(() => AssembledKernel.Read("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", Listing), Throws.InstanceOf<FormatException>());
        Assert.That(() => AssembledKernel.Read("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\nUsed 17 registers", ""), Throws.InstanceOf<FormatException>());
    }
}

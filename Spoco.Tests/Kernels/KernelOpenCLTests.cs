using NUnit.Framework;

namespace Spoco.Tests.Kernels;

/// <summary>
/// What ILGPU writes for OpenCL, kernel by kernel. Where a loop leaves a value as it is on one way to its end, ILGPU 1.5.3 may copy it there and read the copy on another way, too, where nobody has
/// written it: such a loop has to be written without that way.
/// </summary>
public sealed class KernelOpenCLTests
{
    private static IEnumerable<string> Kernels => KernelInstances.All.Select(KernelInstances.NameOf).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Kernels))]
    public void No_value_is_read_before_it_is_written(string kernel) =>
        Assert.That(OpenCLSource.ReadBeforeWritten(OpenCLSource.Of(KernelInstances.Named(kernel))), Is.Empty);

    [Test]
    public void A_copy_that_another_way_wrote_is_found()
    {
        const string Source = """
            kernel void K(
            	int var1)
            {
            	int var2;
            	bool var3;
            	local int var4[8];
            	var3 = var1>=7;
            L_1: ;
            	if (var3)
            		 goto L_3;
            L_2: ;
            	var2 = var4[0];
            	 goto L_1;
            L_3: ;
            	var5 = var2;
            	return ;
            }
            """;
        Assert.That(OpenCLSource.ReadBeforeWritten(Source), Is.EqualTo(new[] { "var5 = var2;" }));
        Assert.That(OpenCLSource.ReadBeforeWritten(Source.Replace("L_1: ;", "var2 = var1;\nL_1: ;", StringComparison.Ordinal)), Is.Empty);
    }
}

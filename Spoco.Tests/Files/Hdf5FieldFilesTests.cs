using NUnit.Framework;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Small files of other programs, and some made to harm.</summary>
internal sealed class Hdf5FieldFilesTests
{
    internal static string PathOf(string name) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", "hdf5", $"{name}.h5");

    [TestCase("lzf")]
    [TestCase("b_axes_esz")]
    [TestCase("d5")]
    [TestCase("x_fixarr")]
    public void TheSameLabelsAreReadFromEveryVariant(string name)
    {
        var expected = InputFile.ReadLabels(PathOf("ref3"));
        var labels = InputFile.ReadLabels(PathOf(name));
        Assert.That(expected.Data.Max(), Is.EqualTo(12));
        Assert.That((labels.Depth, labels.Height, labels.Width), Is.EqualTo((expected.Depth, expected.Height, expected.Width)));
        Assert.That(labels.Data, Is.EqualTo(expected.Data));
    }

    [TestCase("extstore_rel", "raw", "its data lie in '../../../etc/passwd', outside the folder of the file; nothing outside is read.")]
    [TestCase("extlink_abs", "raw", "its data lie in '/data/else/where/xxxxxxxxxxxxxxx', outside the folder of the file; nothing outside is read.")]
    [TestCase("esc", "raw", "no dataset 'raw'; the file has a\\u001b[31mred\\u0007\\u000aspoco: fine.")]
    [TestCase("h5double", "raw", "HDF5 file is damaged (a chunk inflates to more than the 1014096 bytes declared).")]
    public void AFileMadeToHarmIsRefused(string name, string dataset, string message)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => InputFile.ReadImage(PathOf(name), dataset),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{PathOf(name)}: {message}"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(16 << 20));
    }

    [TestCase("embeddings_f")]
    [TestCase("embeddings_g")]
    [TestCase("foreground")]
    [TestCase("label")]
    public void AnAbsurdLengthTakesNoMemory(string dataset)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            InputFile.ReadImage(PathOf("h5_embeddings_alloc_35"), dataset);
        }
        catch (InputException e)
        {
            Assert.That(e.Message, Does.Contain("damaged"));
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(16 << 20));
    }
}

using Spoco.Cli.Commands;
using Spoco.Cli.Segmentation;
using Spoco.Engine;

namespace Spoco.Tests.CommandLine;

/// <summary>What <c>spoco segment</c> says of the foreground that it takes.</summary>
public sealed class ForegroundInWordsTests
{
    [TestCase("learned", false, true, "foreground: learned, from a probability of 0.8 on, which is the model's (as the model has learned one)")]
    [TestCase("learned", true, true, "foreground: learned, from a probability of 0.8 on, which is the model's (as --foreground says)")]
    [TestCase("none", false, false, "foreground: none, every pixel is segmented (as the model has learned none; --foreground has others)")]
    [TestCase("otsu", true, true, "foreground: Otsu's threshold on the image (as --foreground says)")]
    [TestCase("embedding", true, false, "foreground: what is not in the largest cluster (as --foreground says)")]
    [TestCase("masks", true, false, "foreground: the mask masks (as --foreground says)")]
    public void It_says_which_and_why(string source, bool asked, bool learned, string expected) =>
        Assert.That(ForegroundChoice.InWords(source, asked, new SpocoModelOptions { Foreground = learned, ForegroundThreshold = 0.8 }, 0.8), Is.EqualTo(expected));

    [Test]
    public void A_threshold_that_is_asked_for_is_not_the_models() => Assert.That(
        ForegroundChoice.InWords("learned", false, new SpocoModelOptions { Foreground = true }, 0.3),
        Is.EqualTo("foreground: learned, from a probability of 0.3 on (as the model has learned one)"));
}

namespace Spoco.Engine.Data;

/// <summary>An image that has been looked at once, before it is known which of its objects training sees.</summary>
/// <param name="Name">What errors and lists call it.</param>
/// <param name="Objects">All its objects.</param>
/// <param name="Channels">Its channels.</param>
/// <param name="IsGrey">Whether one channel says all that they say.</param>
/// <param name="Prepare">Makes the source of a number of channels and a rule for its labels.</param>
internal sealed record FoundImage(
    string Name, IReadOnlyList<LabelledObject> Objects, int Channels, bool IsGrey, Func<int, LabelRule, IPatchSource> Prepare)
{
    /// <summary>An image that stays in memory.</summary>
    /// <param name="name">What errors and lists call it.</param>
    /// <param name="image">The image, as it is.</param>
    /// <param name="labels">Its labels, after <see cref="ImageReading.Labels"/>.</param>
    /// <param name="objects">The objects in there.</param>
    /// <param name="reading">What is done to images.</param>
    public static FoundImage InMemory(string name, Volume<float> image, Volume<int> labels, IReadOnlyList<LabelledObject> objects, ImageReading reading) => new(
        name, objects, image.Channels, HasOneColour(image), (channels, rule) => new TrainingItem(name, reading.Image(image, channels, name), rule.Apply(labels)));

    /// <summary>Whether one channel says all that an image says: grey images are often stored as RGB.</summary>
    public static bool HasOneColour(Volume<float> image)
    {
        if (image.Channels != 3)
            return image.Channels == 1;
        for (var i = 0; i < image.Data.Length; i += 3)
        {
            if (image.Data[i] != image.Data[i + 1] || image.Data[i] != image.Data[i + 2])
                return false;
        }

        return true;
    }
}

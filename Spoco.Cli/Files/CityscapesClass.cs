using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>A class of Cityscapes whose objects are annotated one by one and scored (Cordts et al., CVPR 2016).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its number in <c>labelIds</c>, and the thousands of <c>instanceIds</c>.</param>
/// <param name="Colour">Its colour in pictures of semantic segmentations, 65536 red + 256 green + blue.</param>
internal sealed record CityscapesClass(string Name, int Id, int Colour)
{
    /// <summary>The eight classes.</summary>
    public static IReadOnlyList<CityscapesClass> All { get; } =
    [
        new("person", 24, 0xDC143C), new("rider", 25, 0xFF0000), new("car", 26, 0x00008E), new("truck", 27, 0x000046),
        new("bus", 28, 0x003C64), new("train", 31, 0x005064), new("motorcycle", 32, 0x0000E6), new("bicycle", 33, 0x770B20),
    ];

    /// <summary>The class of a name; null for no name.</summary>
    /// <exception cref="InputException">There is no such class.</exception>
    public static CityscapesClass? Named(string? name) => name is null ? null : All.FirstOrDefault(c => c.Name == name)
        ?? throw new InputException($"--class: no class with instances is called '{name}'; there are {string.Join(", ", All.Select(c => c.Name))}.");

    /// <summary>The class of an <c>instanceIds</c> value; null for what is no single object of the eight.</summary>
    public static CityscapesClass? OfInstance(int value)
    {
        if (value < 1000)
            return null;
        foreach (var known in All)
        {
            if (known.Id == value / 1000)
                return known;
        }

        return null;
    }
}

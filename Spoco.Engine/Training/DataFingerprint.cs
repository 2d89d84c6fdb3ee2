using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Spoco.Engine.Checkpoints;

namespace Spoco.Engine.Training;

/// <summary>
/// What the images and labels of a training are: by name a hash of their decoded values. Files that are copied, renamed together with their folder or
/// packed anew stay the same.
/// </summary>
internal sealed class DataFingerprint
{
    private readonly SortedDictionary<string, string> _items = new(StringComparer.Ordinal);

    /// <summary>Takes an image and its labels.</summary>
    public void Add(string part, string name, Volume<float> image, Volume<int> labels)
    {
        using ContentHash imageHash = new(), labelHash = new();
        imageHash.Add(MemoryMarshal.AsBytes<float>(image.Data));
        labelHash.Add(MemoryMarshal.AsBytes<int>(labels.Data));
        Add(part, name, (image.Depth, image.Height, image.Width), imageHash, labelHash);
    }

    /// <summary>Takes an image that was read in pieces.</summary>
    public void Add(string part, string name, (int Depth, int Height, int Width) extents, ContentHash image, ContentHash labels) =>
        _items[$"{part}/{name}"] = string.Create(CultureInfo.InvariantCulture,
            $"{extents.Depth}x{extents.Height}x{extents.Width} {image.Value:x16} {labels.Value:x16}");

    /// <summary>The names of the images of one part that are in another part too, under whatever name.</summary>
    public IReadOnlyList<string> Shared(string part, string other)
    {
        var images = Of(other).Select(item => Image(item.Value)).ToHashSet(StringComparer.Ordinal);
        return [.. Of(part).Where(item => images.Contains(Image(item.Value))).Select(item => item.Key[(part.Length + 1)..])];

        IEnumerable<KeyValuePair<string, string>> Of(string name) => _items.Where(item => item.Key.StartsWith(name + "/", StringComparison.Ordinal));

        static string Image(string value) => value[..value.LastIndexOf(' ')];
    }

    /// <summary>As it is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(_items, CheckpointJson.Default.SortedDictionaryStringString);

    /// <summary>In which respect the data are no longer those of a training; null where they are.</summary>
    /// <param name="path">The checkpoint, for errors.</param>
    /// <param name="json">What is stored in it.</param>
    /// <exception cref="InputException">That is damaged.</exception>
    public string? ChangeSince(string path, string json)
    {
        SortedDictionary<string, string> before;
        try
        {
            before = JsonSerializer.Deserialize(json, CheckpointJson.Default.SortedDictionaryStringString) ?? [];
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: the list of its images is damaged: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        var changes = _items.Where(item => before.TryGetValue(item.Key, out var old) && old != item.Value).Select(item => $"{item.Key} has changed")
            .Concat(before.Keys.Except(_items.Keys).Order(StringComparer.Ordinal).Select(name => $"{name} is gone"))
            .Concat(_items.Keys.Except(before.Keys).Select(name => $"{name} is new")).ToList();
        return changes.Count switch { 0 => null, 1 => changes[0], _ => $"{changes[0]}, and {changes.Count - 1} more changes" };
    }
}

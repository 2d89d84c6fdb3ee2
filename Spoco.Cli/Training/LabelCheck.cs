using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Data;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Training;

/// <summary>Looks at images and labels before they are trained on, for what is legal but seldom meant.</summary>
internal sealed class LabelCheck
{
    // A leaf behind another, or an organ in a slice, may be two or three pieces of one object.
    private const int ManyPieces = 4;

    // Crumbs at the edge of an object are no pieces of it.
    private const int Crumb = 10;

    // Counting pieces takes longer than reading a file: labels of one data set are made the same way, some of them tell.
    private const int ImagesForPieces = 32;
    private const long VoxelsForPieces = 1 << 26;

    private readonly Finding _pieces = new(), _noZero = new(), _specks = new(), _large = new(), _empty = new(), _constant = new(), _same = new();
    private int _images;
    private int _split;

    /// <summary>What was found, a line for each kind.</summary>
    /// <param name="settings">What the labels are used for.</param>
    public IEnumerable<string> Notes(TrainSettings settings)
    {
        if (settings.Labels.SelfSupervised)
            return Only(_constant.Note(_images, "hold one single value, of which nothing can be learned"));
        var full = settings.Labels.Supervision == Engine.Losses.Supervision.Full && !settings.Labels.NamesBackground;
        return Only(
            settings.Labels.SplitLabels ? null : _pieces.Note(
                _split, "have labels in many pieces: one number is one object; --split-labels makes every piece an object"),
            _noZero.Note(_images, full ? "have no label 0: no pixel is background" : "have no label 0: every pixel is labelled"),
            _large.Note(_images, "have an object that covers more than half of them: background is 0"),
            _specks.Note(_images, "have objects of a single pixel"),
            full ? _empty.Note(_images, "have no object: all of them is background") : null,
            _constant.Note(_images, "hold one single value, of which nothing can be learned"),
            _same.Note(_images, "are the same as their labels"));

        static IEnumerable<string> Only(params string?[] notes) => notes.OfType<string>();
    }

    /// <summary>Looks at an image in memory.</summary>
    public void Look(string name, Volume<float> image, Volume<int> labels, IReadOnlyList<LabelledObject> objects)
    {
        LookAtObjects(name, objects, labels.VoxelCount, Array.TrueForAll(labels.Data, label => label != 0));
        if (Array.TrueForAll(image.Data, value => value == image.Data[0]))
            _constant.Add(name, string.Create(CultureInfo.InvariantCulture, $"{image.Data[0]}"));
        else if (objects.Count > 0 && IsSame(image, labels))
            _same.Add(name);
        if (_split >= ImagesForPieces || labels.VoxelCount > VoxelsForPieces)
            return;
        _split++;
        if (InManyPieces(labels, objects) is { } found)
            _pieces.Add(name, $"{found.Label} in {found.Pieces}");
    }

    /// <summary>Looks at what is known of an image that is too large for memory.</summary>
    public void Look(string name, IReadOnlyList<LabelledObject> objects, long voxels) =>
        LookAtObjects(name, objects, voxels, objects.Sum(o => o.Voxels) == voxels);

    private void LookAtObjects(string name, IReadOnlyList<LabelledObject> objects, long voxels, bool noZero)
    {
        _images++;
        if (noZero)
            _noZero.Add(name);
        if (objects.Count == 0)
            _empty.Add(name);
        else if (objects.MaxBy(o => o.Voxels) is var largest && largest.Voxels > voxels / 2)
            _large.Add(name, string.Create(CultureInfo.InvariantCulture, $"{largest.Label} covers {100.0 * largest.Voxels / voxels:0} %"));
        if (objects.Count(o => o.Voxels == 1) is > 0 and var specks)
            _specks.Add(name, $"{specks} of {objects.Count}");
    }

    private static bool IsSame(Volume<float> image, Volume<int> labels)
    {
        for (var i = 0; i < labels.Data.Length; i++)
        {
            if (image.Data[i * image.Channels] != labels.Data[i])
                return false;
        }

        return true;
    }

    /// <summary>The label in the most pieces, where these are many.</summary>
    private static (int Label, int Pieces)? InManyPieces(Volume<int> labels, IReadOnlyList<LabelledObject> objects)
    {
        var known = objects.Select(o => o.Label).ToHashSet();
        var pieces = ConnectedComponents.OfLabels(labels, Connectivity.Corners);
        var sizes = new Dictionary<int, (int Label, long Voxels)>();
        for (var i = 0; i < pieces.Data.Length; i++)
        {
            if (pieces.Data[i] != 0)
                sizes[pieces.Data[i]] = (labels.Data[i], sizes.GetValueOrDefault(pieces.Data[i]).Voxels + 1);
        }

        var counts = sizes.Values.Where(piece => known.Contains(piece.Label)).GroupBy(piece => piece.Label)
            .Select(group => (Label: group.Key, Pieces: group.Count(piece => piece.Voxels * Crumb >= group.Max(other => other.Voxels)))).ToList();
        return counts.Count > 0 && counts.MaxBy(c => c.Pieces) is var most && most.Pieces >= ManyPieces ? most : null;
    }

    /// <summary>The images where something was found, and the first of them.</summary>
    private sealed class Finding
    {
        private int _count;
        private string _example = "";

        public void Add(string name, string detail = "")
        {
            if (_count++ == 0)
                _example = detail.Length == 0 ? name : $"{name}: {detail}";
        }

        public string? Note(int images, string what) => _count == 0 ? null : $"note: {_count} of {images} images {what} ({_example}).";
    }
}

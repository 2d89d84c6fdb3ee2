using System.Globalization;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Evaluation;

/// <summary>
/// A table of objects as CSV: every object of the truth, and every predicted object that matches none at IoU 0.5. Voxels and centres are of what
/// counts; the partner is the object of the other side with the largest IoU, of several the one with the smallest number.
/// </summary>
internal sealed class ObjectTable
{
    /// <summary>The first line.</summary>
    public const string Header = "image,object,id,voxels,centre_z,centre_y,centre_x,best_iou,partner,matched";
    private const double Match = 0.5;

    private readonly List<string> _rows = [];

    /// <summary>Adds the objects of an image.</summary>
    /// <param name="name">The image.</param>
    /// <param name="truth">True labels.</param>
    /// <param name="predicted">The segmentation, of the same extents.</param>
    /// <param name="table">Their overlaps.</param>
    /// <param name="ignored">The label of the truth whose voxels do not count.</param>
    public void Add(string name, Volume<int> truth, Volume<int> predicted, ContingencyTable table, int? ignored)
    {
        Add("truth", Csv.Cell(name), table, Centres(truth, truth, ignored), unmatchedOnly: false);
        Add("prediction", Csv.Cell(name), table.Transpose(), Centres(predicted, truth, ignored), unmatchedOnly: true);
    }

    public void Write(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(Header);
        foreach (var row in _rows)
            writer.WriteLine(row);
    });

    private void Add(
        string side, string image, ContingencyTable table, Dictionary<int, (double Z, double Y, double X)> centres, bool unmatchedOnly)
    {
        var partners = new (double Iou, int? Label)[table.TruthLabels.Count];
        foreach (var (own, other, voxels) in table.Overlaps)
        {
            if (table.PredictedLabels[other] == 0)
                continue;
            var iou = (double)voxels / (table.TruthSizes[own] + table.PredictedSizes[other] - voxels);
            if (iou > partners[own].Iou)
                partners[own] = (iou, table.PredictedLabels[other]);
        }

        for (var i = 0; i < partners.Length; i++)
        {
            var (id, (iou, partner)) = (table.TruthLabels[i], partners[i]);
            if (id == 0 || (unmatchedOnly && iou > Match))
                continue;
            var (z, y, x) = centres[id];
            _rows.Add(string.Create(CultureInfo.InvariantCulture,
                $"{image},{side},{id},{table.TruthSizes[i]},{z},{y},{x},{iou},{partner},{(iou > Match ? "yes" : "no")}"));
        }
    }

    /// <summary>The mean position of the voxels of each label, counted from 0.</summary>
    private static Dictionary<int, (double Z, double Y, double X)> Centres(Volume<int> labels, Volume<int> truth, int? ignored)
    {
        var sums = new Dictionary<int, (long Count, long Z, long Y, long X)>();
        for (int z = 0, i = 0; z < labels.Depth; z++)
            for (var y = 0; y < labels.Height; y++)
                for (int x = 0, next; x < labels.Width; i += next - x, x = next)
                {
                    // Labels come in runs: the dictionary is asked once per run.
                    for (next = x + 1; next < labels.Width && Label(i + next - x) == Label(i);)
                        next++;
                    if (Label(i) is not 0 and var label)
                    {
                        var (count, sum) = ((long)next - x, sums.GetValueOrDefault(label));
                        sums[label] = (sum.Count + count, sum.Z + count * z, sum.Y + count * y, sum.X + (x + next - 1L) * count / 2);
                    }
                }
        return sums.ToDictionary(entry => entry.Key, entry => Mean(entry.Value));

        int Label(int i) => truth.Data[i] == ignored ? 0 : labels.Data[i];

        static (double, double, double) Mean((long Count, long Z, long Y, long X) sum) =>
            ((double)sum.Z / sum.Count, (double)sum.Y / sum.Count, (double)sum.X / sum.Count);
    }
}
